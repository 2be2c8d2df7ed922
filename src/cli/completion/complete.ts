import type { Argument, Command, Option } from 'commander';
import type { LiveKind, LiveNames } from './live-names.ts';

/** One thing that the word under the cursor may become. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What shells do besides offering candidates, by the numbers that kubectl and cobra's programs know. */
export const DIRECTIVES = { files: 0, stay: 6, nothing: 4, folders: 16 } as const;
type Directive = (typeof DIRECTIVES)[keyof typeof DIRECTIVES];

export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly directive: Directive;
}

/** How far a command line is, before the word under the cursor. */
interface Position {
  readonly command: Command;
  /** The option whose value comes next. */
  readonly pending: Option | undefined;
  /** Arguments of the command so far. */
  readonly given: number;
  readonly options: Readonly<Record<string, string>>;
  readonly onlyArguments: boolean;
}

/** What the placeholder of an option or an argument says of its values. */
const PLACEHOLDERS: Readonly<Record<string, Directive | LiveKind>> = {
  path: DIRECTIVES.files,
  file: DIRECTIVES.files,
  dir: DIRECTIVES.folders,
  rollout: 'rollouts',
  'kind/name': 'subjects',
};

/**
 * What the last of these words may become.
 * @param words of the command line after the program's name; the last one is under the cursor, perhaps empty
 * @param live asks the control plane for names
 */
export async function complete(
  program: Command,
  words: readonly string[],
  live: LiveNames,
): Promise<Completion> {
  const current = words.at(-1) ?? '';
  const start: Position = {
    command: program,
    pending: undefined,
    given: 0,
    options: {},
    onlyArguments: false,
  };
  const position = words.slice(0, -1).reduce(advance, start);
  const { candidates, directive } = await candidatesAt(position, current, live);
  return { candidates: candidates.filter(({ value }) => value.startsWith(current)), directive };
}

function advance(position: Position, word: string): Position {
  const { command, pending, options } = position;
  if (pending !== undefined)
    return { ...position, pending: undefined, options: { ...options, [pending.attributeName()]: word } };
  if (word === '--') return { ...position, onlyArguments: true };
  if (word.startsWith('-') && word !== '-' && !position.onlyArguments) {
    const [name, value] = splitAssignment(word);
    const option = optionOf(command, name);
    if (option === undefined || option.isBoolean()) return position;
    if (value === undefined) return { ...position, pending: option };
    return { ...position, options: { ...options, [option.attributeName()]: value } };
  }
  const next = position.given === 0 ? subcommandsOf(command).find((each) => each.name() === word) : undefined;
  return next === undefined ? { ...position, given: position.given + 1 } : { ...position, command: next };
}

async function candidatesAt(position: Position, current: string, live: LiveNames): Promise<Completion> {
  const { command, pending, given, options, onlyArguments } = position;
  if (pending !== undefined) return valuesOf(pending, '', position, live);
  if (current.startsWith('-') && !onlyArguments) {
    const [name, value] = splitAssignment(current);
    const option = value === undefined ? undefined : optionOf(command, name);
    return option === undefined
      ? optionNames(command, options)
      : valuesOf(option, `${name}=`, position, live);
  }
  const subcommands = given === 0 ? subcommandsOf(command) : [];
  if (subcommands.length > 0) {
    const candidates = subcommands.map((each) => candidate(each.name(), each.description()));
    return { candidates, directive: DIRECTIVES.nothing };
  }
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[given] ?? (last?.variadic ? last : undefined);
  if (argument === undefined) return { candidates: [], directive: DIRECTIVES.nothing };
  return valuesOf(argument, '', position, live);
}

/** @param before what stands before each value in the same word */
async function valuesOf(
  of: Option | Argument,
  before: string,
  { command, options }: Position,
  live: LiveNames,
): Promise<Completion> {
  if (of.argChoices !== undefined)
    return {
      candidates: of.argChoices.map((each) => candidate(before + each)),
      directive: DIRECTIVES.nothing,
    };
  const kind = PLACEHOLDERS['flags' in of ? placeholderOf(of) : of.name()] ?? DIRECTIVES.nothing;
  if (typeof kind === 'number') return { candidates: [], directive: kind };
  const names = await live(kind, { ...defaultsOf(command), ...options });
  return {
    candidates: names.map((name) => candidate(before + name)),
    // Half a name, such as `breaker/`, is not followed by a blank.
    directive: names.some((name) => name.endsWith('/')) ? DIRECTIVES.stay : DIRECTIVES.nothing,
  };
}

function optionNames(command: Command, given: Readonly<Record<string, string>>): Completion {
  const candidates = optionsOf(command)
    .filter((option) => !(option.attributeName() in given) || isRepeatable(option))
    .map((option) => candidate(option.long ?? option.short ?? '', option.description));
  return { candidates, directive: DIRECTIVES.nothing };
}

/** What is said of it is all that is known: its parser collects. */
function isRepeatable({ variadic, description }: Option): boolean {
  return variadic || /\brepeatable\b/.test(description);
}

/** Values that options have unless they are given: of the environment, else their own. */
function defaultsOf(command: Command): Readonly<Record<string, string>> {
  const values = command.options.map((option) => [
    option.attributeName(),
    (option.envVar === undefined ? undefined : process.env[option.envVar]) ?? option.defaultValue,
  ]);
  return Object.fromEntries(values.filter(([, value]) => typeof value === 'string'));
}

function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

function optionOf(command: Command, name: string): Option | undefined {
  return optionsOf(command).find(({ short, long }) => name === short || name === long);
}

function subcommandsOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [] : command.createHelp().visibleCommands(command);
}

function placeholderOf({ flags }: Option): string {
  return /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? '';
}

function splitAssignment(word: string): readonly [name: string, value: string | undefined] {
  const at = word.indexOf('=');
  return at < 0 || !word.startsWith('--') ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function candidate(value: string, description = ''): Candidate {
  return { value, description: description.replaceAll(/\s+/g, ' ') };
}
