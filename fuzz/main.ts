import { Command, InvalidArgumentError } from 'commander';
import { seeded } from '../bench/statistics/random.ts';
import { formatTable } from '../src/cli/table.ts';
import { mutate } from './mutate.ts';
import { TARGETS, type Target } from './targets.ts';

// `make fuzz`: changed inputs for every parser that faces the network or a file. Nothing may crash, hang, or keep memory.

interface Options {
  readonly executions: number;
  readonly seed: number;
  readonly target?: readonly string[];
}

interface Outcome {
  readonly name: string;
  readonly executions: number;
  readonly refused: number;
  readonly slowestMs: number;
  readonly keptMiB: number;
  readonly finding: string | undefined;
}

/** Nothing of a few kilobytes may take longer. */
const HANG_MS = 2_000;
const KEPT_MIB = 64;
/** Inputs that were read to the end are changed further. */
const CORPUS = 256;

const command = new Command('fuzz')
  .description(
    'feeds changed inputs to the parsers, and exits 1 when one throws what it does not say it throws, hangs, or keeps memory',
  )
  .option('--executions <number>', 'for each parser', count, 100_000)
  .option('--seed <number>', 'the same seed makes the same inputs', count, 1)
  .option('--target <name>', 'only this parser (repeatable)', (name, before: readonly string[] = []) => [
    ...before,
    name,
  ])
  .addHelpText('after', `\nParsers:\n${TARGETS.map(({ name }) => `  ${name}`).join('\n')}`)
  .action(main);

await command.parseAsync();

function main(options: Options): void {
  const wanted = options.target ?? TARGETS.map(({ name }) => name);
  const unknown = wanted.find((name) => !TARGETS.some((target) => target.name === name));
  if (unknown !== undefined) command.error(`there is no parser ${unknown}; see --help for those there are`);
  const outcomes = TARGETS.filter(({ name }) => wanted.includes(name)).map((target) => {
    const outcome = fuzz(target, options);
    console.log(`${outcome.finding === undefined ? 'ok  ' : 'FAIL'}  ${outcome.name}`);
    return outcome;
  });
  const columns = [
    { heading: 'PARSER', cell: ({ name }: Outcome) => name },
    { heading: 'EXECUTIONS', cell: ({ executions }: Outcome) => String(executions) },
    {
      heading: 'REFUSED',
      cell: ({ executions, refused }: Outcome) => `${((100 * refused) / executions).toFixed(1)} %`,
    },
    { heading: 'SLOWEST', cell: ({ slowestMs }: Outcome) => `${slowestMs.toFixed(1)} ms` },
    { heading: 'KEPT', cell: ({ keptMiB }: Outcome) => `${keptMiB.toFixed(1)} MiB` },
    { heading: 'FINDING', cell: ({ finding }: Outcome) => finding ?? '-' },
  ];
  console.log(formatTable(columns, outcomes, undefined));
  if (outcomes.some(({ finding }) => finding !== undefined)) process.exitCode = 1;
}

function fuzz({ name, seeds, read, refuses }: Target, { executions, seed }: Options): Outcome {
  const random = seeded(seed);
  const corpus = [...seeds];
  const before = heapMiB();
  let refused = 0;
  let slowestMs = 0;
  const end = (done: number, finding?: string): Outcome => {
    const keptMiB = Math.max(0, heapMiB() - before);
    const leak = keptMiB > KEPT_MIB ? `keeps ${keptMiB.toFixed(0)} MiB` : undefined;
    return { name, executions: done, refused, slowestMs, keptMiB, finding: finding ?? leak };
  };
  for (let i = 1; i <= executions; i++) {
    const pick = (): Buffer => corpus[Math.floor(random.next() * corpus.length)] ?? Buffer.alloc(0);
    const input = mutate(pick(), pick(), random);
    const beganAt = performance.now();
    try {
      read(input);
      if (corpus.length < CORPUS) corpus.push(input);
      else if (random.next() < 0.001)
        corpus[seeds.length + Math.floor(random.next() * (CORPUS - seeds.length))] = input;
    } catch (error) {
      refused += 1;
      const thrown = error instanceof Error ? error.name : typeof error;
      if (!refuses.includes(thrown)) return end(i, `${String(error)} by ${input.toString('base64')}`);
    }
    const tookMs = performance.now() - beganAt;
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > HANG_MS && cpuMs(() => read(input)) > HANG_MS)
      return end(i, `hangs on ${input.toString('base64')}`);
  }
  return end(executions);
}

/** CPU that it takes: a busy machine makes anything slow once. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  try {
    work();
  } catch {
    // What it throws was judged already.
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** What is in use after a collection, where the process was started with `--expose-gc`. */
function heapMiB(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

function count(given: string): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number from 1.');
  return value;
}
