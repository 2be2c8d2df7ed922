import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { judge } from './invariants.ts';
import { describeEpisode, describeReport, reportOf } from './report.ts';
import { FAULTS, run, type Witness } from './run.ts';
import { drawSchedule, type Episode, only } from './schedule.ts';
import { shrink } from './shrink.ts';
import type { Signals } from './world.ts';

// `make chaos`: faults by a seeded schedule against the whole system under load, and promises that must hold throughout.

interface Options {
  readonly seed: number;
  readonly faults: number;
  readonly minutes?: number;
  readonly only?: readonly number[];
  readonly kind?: readonly string[];
  readonly report?: string;
  readonly shrink?: boolean;
}

const command = new Command('chaos')
  .description('strikes the whole system with faults under load, and exits 1 when a promise was broken')
  .option(
    '--seed <number>',
    'draws the schedule; odd: load reports and Prometheus, even: Prometheus alone',
    count,
    1,
  )
  .option('--faults <number>', 'how many faults', count, 60)
  .option('--minutes <number>', 'ends earlier, when so much time has passed', count)
  .option(
    '--kind <name>',
    'only faults of this kind (repeatable)',
    (name, before: readonly string[] = []) => [...before, name],
  )
  .option('--only <ids>', 'of the schedule only these faults: numbers from 0, with commas between', numbers)
  .option('--report <file>', 'write the figures as JSON')
  .option('--shrink', 'when a promise is broken, look for the fewest faults of this seed that break it')
  .addHelpText('after', `\nKinds:\n${FAULTS.map(({ kind }) => `  ${kind}`).join('\n')}`)
  .action(main);

await command.parseAsync();

async function main(options: Options): Promise<void> {
  const kinds = options.kind ?? FAULTS.map(({ kind }) => kind);
  const unknown = kinds.find((kind) => !FAULTS.some((fault) => fault.kind === kind));
  if (unknown !== undefined) command.error(`there is no fault ${unknown}; see --help for those there are`);
  const drawn = drawSchedule({ seed: options.seed, faults: options.faults, kinds, groupOf });
  const schedule = options.only === undefined ? drawn : only(drawn, new Set(options.only));
  const signals = options.seed % 2 === 1 ? 'load reports' : 'prometheus';
  console.log(`seed ${options.seed}: what is known comes by ${signals}`);
  const beganAt = performance.now();
  const witness: Witness = {
    leftOut: (kind, why) => console.log(`not struck: ${kind}: ${why}`),
    episode: (episode, i) => console.log(`${i + 1}/${schedule.length}  ${describeEpisode(episode)}`),
  };
  const record = await run(schedule, signals, witness, options.minutes);
  const report = reportOf(options.seed, record, (performance.now() - beganAt) / 60_000);
  console.log(describeReport(report));
  if (options.report !== undefined) writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`);
  if (report.violations.length === 0) return;
  process.exitCode = 1;
  if (options.shrink) await reproduce(schedule, signals, report.violations[0]?.promise ?? '');
}

/** Runs again and again with fewer faults, as long as the same promise is broken. */
async function reproduce(schedule: readonly Episode[], signals: Signals, promise: string): Promise<void> {
  const ids = schedule.flat().map(({ id }) => id);
  const fewest = await shrink(ids, async (some) => {
    const record = await run(only(schedule, new Set(some)), signals, {
      episode: () => {},
      leftOut: () => {},
    });
    const broken = judge(record).some((each) => each.promise === promise);
    console.log(`${some.length} faults: "${promise}" is ${broken ? 'broken' : 'kept'}`);
    return broken;
  });
  const kept = schedule.flat().filter(({ id }) => fewest.includes(id));
  console.log(`fewest faults that break "${promise}":\n${JSON.stringify(kept, null, 2)}`);
}

function groupOf(kind: string): string {
  return FAULTS.find((fault) => fault.kind === kind)?.group ?? kind;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number from 1.');
  return value;
}

function numbers(text: string): number[] {
  const values = text.split(',').map(Number);
  if (values.some((value) => !Number.isInteger(value) || value < 0))
    throw new InvalidArgumentError('give whole numbers with commas between.');
  return values;
}
