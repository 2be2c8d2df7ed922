import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { CodeBlock } from './code-blocks.ts';

const SHELL = new Set(['', 'sh', 'console']);

/** The command lines of a block of shell, each with the line on which it ends; outputs are left out. */
export function commandLines({ language, line, text }: CodeBlock): readonly { line: number; text: string }[] {
  if (!SHELL.has(language)) return [];
  const whole: { line: number; text: string }[] = [];
  let continued = '';
  for (const [index, each] of text.split('\n').entries()) {
    const joined = continued === '' ? each : `${continued} ${each.trim()}`;
    continued = joined.endsWith('\\') ? joined.slice(0, -1).trimEnd() : '';
    if (continued === '') whole.push({ line: line + index, text: joined });
  }
  if (language !== 'console') return whole;
  const typed = whole.filter((each) => each.text.startsWith('$ '));
  return typed.map((each) => ({ ...each, text: each.text.slice(2) }));
}

/**
 * What is wrong with the calls of our programs in one line: a command or an option that they do not have.
 * @param programs by the name that they are called by
 */
export function callProblems(text: string, programs: ReadonlyMap<string, Command>): readonly string[] {
  return text.split(/[|;&<>()]|\s#.*/).flatMap((part) => {
    const words = part.trim().split(/\s+/);
    const at = words.findIndex((word) => programs.has(word.replace(/^(\.\/)?bin\//, '')));
    // Only environment variables may stand before it: elsewhere the word means something else.
    if (at < 0 || words.slice(0, at).some((word) => !/^\w+=/.test(word))) return [];
    const program = programs.get(words[at]?.replace(/^(\.\/)?bin\//, '') ?? '');
    return program === undefined ? [] : problemsOf(program, words.slice(at + 1));
  });
}

function problemsOf(program: Command, words: readonly string[]): readonly string[] {
  const [first] = words;
  // `penstock …`, and `penstock check: …`, which is what it says: nothing that one types.
  if (first === undefined || !/^(-|[a-z][a-z-]*$)/.test(first)) return [];
  const sub = program.commands.find((each) => each.name() === first);
  if (sub !== undefined) return problemsOf(sub, words.slice(1));
  const name = nameOf(program);
  if (program.commands.length > 0 && !first.startsWith('-') && program.registeredArguments.length === 0)
    return first === 'help' ? [] : [`${name} has no command "${first}"`];
  return words.flatMap((word, index) => wordProblems(program, name, word, index));
}

function wordProblems(program: Command, name: string, word: string, index: number): readonly string[] {
  const option = /^(--?[a-zA-Z][\w-]*)/.exec(word)?.[1];
  if (option !== undefined) return hasOption(program, option) ? [] : [`${name} has no option ${option}`];
  const choices = index === 0 ? program.registeredArguments[0]?.argChoices : undefined;
  if (choices === undefined || !/^[a-z]+$/.test(word) || choices.includes(word)) return [];
  return [`${name} takes ${choices.join(', ')}, and not "${word}"`];
}

function nameOf(program: Command): string {
  return program.parent === null ? program.name() : `${nameOf(program.parent)} ${program.name()}`;
}

function hasOption(program: Command, option: string): boolean {
  if (['-h', '--help'].includes(option)) return true;
  if (program.options.some(({ long, short }) => long === option || short === option)) return true;
  return program.parent !== null && hasOption(program.parent, option);
}

/** What is wrong with a `make …` in a line: a target, a benchmark or a test file that is not there. */
export function makeProblems(text: string, root: string, makefile: string): readonly string[] {
  return [...text.matchAll(/(?:^|[\s(])make ([a-z][a-z0-9-]*)((?: [A-Z]+=(?:'[^']*'|\S+))*)/g)].flatMap(
    ([, target = '', settings = '']) => {
      if (!new RegExp(`^${target}:`, 'm').test(makefile)) return [`make has no target ${target}`];
      const bench = /BENCH=([\w-]+)/.exec(settings)?.[1];
      if (bench !== undefined && bench !== 'SUBJECT' && !existsSync(join(root, 'bench', bench, 'main.ts')))
        return [`there is no benchmark ${bench}`];
      const path = /ARGS='?((?:e2e|src)\/[\w./-]+)/.exec(settings)?.[1];
      return path === undefined || pathExists(root, path) ? [] : [`there is no ${path}`];
    },
  );
}

/** Tests are chosen by the beginning of their path. */
function pathExists(root: string, path: string): boolean {
  return [path, `${path}.test.ts`].some((each) => existsSync(join(root, each)));
}
