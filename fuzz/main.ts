import { Command, InvalidArgumentError } from 'commander';
import { formatTable } from '../src/cli/table.ts';
import { addOutcome, newResult, type Result, type Results, readResults, writeResults } from './results.ts';
import { runTarget } from './run-target.ts';
import type { Target } from './target.ts';
import { TARGETS } from './targets.ts';

// `make fuzz`: changed inputs for every parser that faces the network or a file. Nothing may crash, hang, or keep memory.

interface Options {
  readonly executions: number;
  readonly seed: number;
  readonly seconds: number;
  readonly target?: readonly string[];
  readonly results?: string;
}

/** A run begins with the seeds again, and another draw; what is interrupted loses one run. */
const RUN = { executions: 1_000_000, seconds: 120 };

const command = new Command('fuzz')
  .description(
    'feeds changed inputs to the parsers, and exits 1 when one throws what it does not say it throws, breaks what it promises, hangs, or keeps memory',
  )
  .option('--executions <number>', 'for each parser', count, 100_000)
  .option('--seed <number>', 'of the first run; each million of inputs is a run with the next seed', count, 1)
  .option('--seconds <number>', 'for each parser, at most', count, Number.POSITIVE_INFINITY)
  .option('--results <file>', 'goes on where this file says earlier runs ended, and writes it (JSON)')
  .option('--target <name>', 'only this parser (repeatable)', (name, before: readonly string[] = []) => [
    ...before,
    name,
  ])
  .addHelpText('after', `\nParsers:\n${TARGETS.map(({ name }) => `  ${name}`).join('\n')}`)
  .action(main);

await command.parseAsync();

async function main(options: Options): Promise<void> {
  const wanted = options.target ?? TARGETS.map(({ name }) => name);
  const unknown = wanted.find((name) => !TARGETS.some((target) => target.name === name));
  if (unknown !== undefined) command.error(`there is no parser ${unknown}; see --help for those there are`);
  // Most inputs are refused with an error, and its stack is what costs most of all.
  Error.stackTraceLimit = 0;
  let results = options.results === undefined ? {} : readResults(options.results);
  for (const target of TARGETS.filter(({ name }) => wanted.includes(name))) {
    const before = results[target.name] ?? newResult(options.seed);
    const result = await fuzz(target, options, before, (now) => {
      results = { ...results, [target.name]: now };
      if (options.results !== undefined) writeResults(options.results, results);
    });
    console.log(`${result.finding === undefined ? 'ok  ' : 'FAIL'}  ${target.name}`);
  }
  console.log(tableOf(results));
  if (Object.values(results).some(({ finding }) => finding !== undefined)) process.exitCode = 1;
}

/** Run after run, until there were enough executions or something is wrong. */
async function fuzz(
  target: Target,
  { executions, seconds }: Options,
  before: Result,
  told: (result: Result) => void,
): Promise<Result> {
  let result = before;
  while (result.finding === undefined) {
    const left = Math.min(RUN.executions, executions - result.executions);
    const leftSeconds = Math.min(RUN.seconds, seconds - result.seconds);
    if (left <= 0 || leftSeconds <= 0) break;
    const outcome = await runTarget(target, result.nextSeed, { executions: left, seconds: leftSeconds });
    result = addOutcome(result, outcome);
    told(result);
  }
  return result;
}

function tableOf(results: Results): string {
  type Row = readonly [string, Result];
  return formatTable(
    [
      { heading: 'PARSER', cell: ([name]: Row) => name },
      { heading: 'EXECUTIONS', cell: ([, { executions }]: Row) => String(executions) },
      {
        heading: 'A SECOND',
        cell: ([, { executions, seconds }]: Row) => String(Math.round(executions / seconds)),
      },
      {
        heading: 'REFUSED',
        cell: ([, { executions, refused }]: Row) => `${((100 * refused) / executions).toFixed(1)} %`,
      },
      { heading: 'SLOWEST', cell: ([, { slowestMs }]: Row) => `${slowestMs.toFixed(1)} ms` },
      { heading: 'KEPT', cell: ([, { keptMiB }]: Row) => `${keptMiB.toFixed(1)} MiB` },
      { heading: 'FINDING', cell: ([, { finding }]: Row) => finding ?? '-' },
    ],
    Object.entries(results),
    undefined,
  );
}

function count(given: string): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number from 1.');
  return value;
}
