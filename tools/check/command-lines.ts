import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Command, CommanderError } from 'commander';
import { kubectlProgram, penstockProgram } from '../../src/app/command-line.ts';
import { createCommand } from '../../src/model-server/options/command.ts';
import { codeBlocks, inlineCode } from './code-blocks.ts';
import { type ShellCommand, shellCommands } from './shell-words.ts';

/** Code of a document that has commands. */
interface Snippet {
  readonly script: string;
  readonly line: number;
  /** Within a sentence: a command may be named without all that it needs. */
  readonly mention: boolean;
}

const OURS = /^ *(?:[A-Z_]+=\S+ )*(?:(?:\.\/)?bin\/)?(?:penstock|kubectl penstock|model-server|make) /;
/** What stands before a command without being one. */
const BEFORE = /^(?:[A-Za-z_]\w*=.*|if|then|else|do|while|until|!|time|exec|sudo|exit)$/;
/** A word that stands for others: N, HOST:PORT, SEQ:9f7fed…, [NAMESPACE/]NAME. */
const PLACEHOLDER = /…|^[A-Z][A-Z:/_-]*$/;
const MISTAKE = /^ *(?:kubectl )?penstock: /;
const TELLS = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version']);
const INCOMPLETE = new Set([
  'commander.missingArgument',
  'commander.missingMandatoryOptionValue',
  'commander.help',
]);

/** What is wrong with the command lines of a document: what the programs, or the Makefile, do not understand. */
export async function commandProblems(
  markdown: string,
  { root, makefile }: { readonly root: string; readonly makefile: string },
): Promise<readonly { readonly line: number; readonly problem: string }[]> {
  const targets = makeTargets(makefile);
  const problems: { line: number; problem: string }[] = [];
  for (const { script, line, mention } of snippetsOf(markdown)) {
    for (const command of shellCommands(script)) {
      const problem = await problemOf(command, mention, targets, root);
      if (problem !== undefined) problems.push({ line, problem: `${command.join(' ')}: ${problem}` });
    }
  }
  return problems;
}

/** The code of a document, in blocks and in sentences. */
export function snippetsOf(markdown: string): readonly Snippet[] {
  const blocks = codeBlocks(markdown).map(({ language, line, text }) => ({
    script: scriptOf(language, text),
    line,
    mention: false,
  }));
  const mentions = inlineCode(markdown).map(({ line, text }) => ({ script: text, line, mention: true }));
  return [...blocks, ...mentions.filter(({ script }) => OURS.test(script))].filter(
    ({ script }) => script !== '',
  );
}

/** The commands of a block; nothing where it is of something else. */
function scriptOf(language: string, text: string): string {
  if (language === 'console') return typed(text);
  return ['sh', 'bash'].includes(language) || (language === '' && OURS.test(text)) ? text : '';
}

/** What was typed in a console, without what was answered; a mistake that is answered as one is shown on purpose. */
function typed(text: string): string {
  return text
    .split('\n')
    .filter((line, index, lines) => /^ *\$ /.test(line) && !MISTAKE.test(lines[index + 1] ?? ''))
    .map((line) => line.replace(/^ *\$ /, ''))
    .join('\n');
}

/** What is wrong with a command; undefined: nothing, or it is not one of ours. */
export async function problemOf(
  command: ShellCommand,
  mention: boolean,
  targets: ReadonlySet<string>,
  root: string,
): Promise<string | undefined> {
  const first = command.findIndex((word) => !BEFORE.test(word));
  const [program = '', ...words] = first < 0 ? [] : command.slice(first);
  if (program === 'make') return makeProblem(words, targets, root);
  if (program === 'kubectl' && words[0] === 'penstock')
    return parseProblem(kubectlProgram(), words.slice(1), mention);
  if (basename(program) === 'penstock') return parseProblem(penstockProgram(), words, mention);
  if (basename(program) === 'model-server') {
    const modelServer = createCommand('0', { serve: async () => {}, encrypt: async () => {} });
    return parseProblem(modelServer, words, mention);
  }
  return undefined;
}

/** Has the program itself read the words, and do nothing. */
async function parseProblem(
  program: Command,
  words: readonly string[],
  mention: boolean,
): Promise<string | undefined> {
  let said = '';
  for (const command of withSubcommands(program)) {
    if (command.commands.length === 0) command.action(() => {});
    command.exitOverride().configureOutput({
      writeOut: () => {},
      writeErr: () => {},
      outputError: (text) => {
        said = text;
      },
    });
  }
  try {
    // Where an ellipsis is no value of an option, words are left out.
    const written = words.filter((word, index) => word !== '…' || words[index - 1]?.startsWith('--'));
    await program.parseAsync(['node', program.name(), ...written]);
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (TELLS.has(error.code) && error.exitCode === 0) return undefined;
    if (mention && (INCOMPLETE.has(error.code) || said.includes('is missing'))) return undefined;
    if (error.code === 'commander.invalidArgument' && words.some((word) => PLACEHOLDER.test(word)))
      return undefined;
    return said.trim() || error.message;
  }
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** The targets that a Makefile has. */
export function makeTargets(makefile: string): ReadonlySet<string> {
  return new Set([...makefile.matchAll(/^([a-z0-9-]+):(?!=)/gm)].map(([, target = '']) => target));
}

function makeProblem(
  words: readonly string[],
  targets: ReadonlySet<string>,
  root: string,
): string | undefined {
  for (const word of words) {
    const [, variable, value = ''] = /^([A-Z_]+)=(.*)$/.exec(word) ?? [];
    if (variable === undefined) {
      if (!word.startsWith('-') && !targets.has(word)) return `there is no target ${word}`;
    } else if (variable === 'BENCH') {
      if (!PLACEHOLDER.test(value) && !existsSync(join(root, 'bench', value, 'main.ts')))
        return `there is no benchmark ${value}`;
    } else if (variable === 'ARGS') {
      const missing = value.split(' ').find((each) => isPath(each) && !isThere(join(root, each)));
      if (missing !== undefined) return `there is no ${missing}`;
    }
  }
  return undefined;
}

function isPath(word: string): boolean {
  return /^(?:src|e2e|tools|bench|chaos|fuzz|proof|docs)\//.test(word);
}

/** Tests are named by the beginning of their path. */
function isThere(path: string): boolean {
  return ['', '.test.ts', '.ts'].some((ending) => existsSync(path + ending));
}
