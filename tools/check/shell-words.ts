/** One command of a script: its words, without redirections and without what is substituted into them. */
export type ShellCommand = readonly string[];

const SEPARATORS = /[\n;&|()]/;

/**
 * The commands of a shell script as it stands in documents: as much of the shell's grammar as they use. Commands within
 * `$(…)` and `<(…)` come as commands of their own; where they stood, a word has `$()`.
 */
export function shellCommands(script: string): readonly ShellCommand[] {
  const reader = new Reader(script.replaceAll('\\\n', ''));
  reader.commands();
  return reader.found;
}

class Reader {
  readonly found: ShellCommand[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads until the end, or the parenthesis that closes what is substituted. */
  commands(): void {
    let words: string[] = [];
    const end = () => {
      if (words.length > 0) this.found.push(words);
      words = [];
    };
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? '';
      if (char === ')') break;
      if (char === '#') this.#skipTo('\n');
      else if (SEPARATORS.test(char)) {
        end();
        this.#at++;
      } else if (/\s/.test(char)) this.#at++;
      else if (!this.#redirection()) words.push(this.#word());
    }
    end();
  }

  /** Steps over `> file`, `2>&1`, `< file`; not over `<(`, which is a word. @returns whether there was one */
  #redirection(): boolean {
    const [operator] = /^\d?(?:>>?|<<?<?)(?!\()(?:&\d)?[ \t]*/.exec(this.#text.slice(this.#at)) ?? [];
    if (operator === undefined) return false;
    this.#at += operator.length;
    if (!/&\d/.test(operator)) this.#word();
    return true;
  }

  #word(): string {
    let word = '';
    for (let char = this.#text[this.#at]; char !== undefined; char = this.#text[this.#at]) {
      if (/\s/.test(char) || (SEPARATORS.test(char) && !this.#begins('<('))) break;
      if (char === "'") word += this.#quoted("'");
      else if (char === '"') word += this.#doubleQuoted();
      else if (this.#begins('$(') || this.#begins('<(')) word += this.#substitution();
      else {
        if (char === '\\') this.#at++;
        word += this.#text[this.#at++] ?? '';
      }
    }
    return word;
  }

  #quoted(quote: string): string {
    const from = ++this.#at;
    this.#skipTo(quote);
    return this.#text.slice(from, this.#at++);
  }

  #doubleQuoted(): string {
    let word = '';
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      if (this.#begins('$(')) word += this.#substitution();
      else {
        if (this.#text[this.#at] === '\\') this.#at++;
        word += this.#text[this.#at++] ?? '';
      }
    }
    this.#at++;
    return word;
  }

  #substitution(): string {
    this.#at += 2;
    this.commands();
    this.#at++;
    return '$()';
  }

  #begins(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #skipTo(text: string): void {
    const at = this.#text.indexOf(text, this.#at);
    this.#at = at < 0 ? this.#text.length : at;
  }
}
