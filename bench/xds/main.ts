import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CoresUsed, watchCores } from './cores.ts';
import { goals, type Outcome } from './goals.ts';
import { type Measured, runOnce } from './one-run.ts';
import { buildPrograms, GoMissing, type Programs } from './programs.ts';
import { goalLines, markdown, plot, terminalTable } from './report.ts';
import {
  clientOf,
  LABEL,
  leftOut,
  MEMORY,
  type Scenario,
  scenarios,
  serverOf,
  soakOf,
  workersOf,
} from './scenarios.ts';

// The xDS server beside go-control-plane and the bare fan-outs, in one run on this machine:
//   make bench BENCH=xds ARGS='[--full] [--only penstock] [--out FOLDER]'
//   make bench BENCH=xds ARGS='--soak-minutes 30'
//   make bench BENCH=xds ARGS='--workers 2'

/** Sizes of a usual run, which takes some minutes; `--full` takes every combination. */
const USUAL = [
  [100, 100],
  [1_000, 100],
  [1_000, 1_000],
  [5_000, 100],
] as const;
const FULL = [100, 1_000, 5_000].flatMap((n) => [100, 1_000].map((s) => [n, s] as const));
const SOAK_STREAMS = 1_000;
const SOAK_SERVICES = 100;
const SOAK_MEMORY_EVERY_MS = 60_000;
const WORKER_SIZES = [
  [1_000, 1_000],
  [5_000, 100],
] as const;

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    size: { type: 'string', multiple: true },
    out: { type: 'string', default: join(import.meta.dirname, '../results/xds') },
    'soak-minutes': { type: 'string' },
    workers: { type: 'string' },
  },
});

/** One run, told as it ends; what fails is told and does not end the others. */
async function run(scenario: Scenario, programs: Programs): Promise<Outcome> {
  const reason = leftOut(scenario);
  if (reason) return { scenario, measured: undefined, note: `not run: ${reason}` };
  const { contender, streams, services, protocol, what } = scenario;
  process.stderr.write(`${LABEL[contender]}, N ${streams}, S ${services}, ${what}, ${protocol} … `);
  try {
    const measured = await runOnce(serverOf(scenario, programs), clientOf(scenario, programs));
    const burst =
      measured.BurstMs > 0 ? `, burst of ${scenario.burst} ${measured.BurstMs.toFixed(0)} ms` : '';
    process.stderr.write(`last stream ${measured.Max.toFixed(1)} ms${burst}\n`);
    return { scenario, measured, note: '' };
  } catch (error) {
    const note = error instanceof Error ? error.message : `${error}`;
    process.stderr.write(`failed: ${note}\n`);
    return { scenario, measured: undefined, note: `failed: ${note.split('\n')[0]}` };
  }
}

function sizes(): readonly (readonly [number, number])[] {
  if (!values.size) return values.full ? FULL : USUAL;
  return values.size.map((text) => {
    const [streams = 0, services = 0] = text.split('x').map(Number);
    return [streams, services] as const;
  });
}

async function compare(programs: Programs): Promise<void> {
  const outcomes: Outcome[] = [];
  for (const scenario of scenarios(sizes())) {
    if (values.only && !values.only.split(',').includes(scenario.contender)) continue;
    outcomes.push(await run(scenario, programs));
    keep(outcomes);
  }
  console.log(terminalTable(outcomes));
  console.log(`\ngoals, as ratios within this run:\n${goalLines(goals(outcomes)).join('\n')}`);
  console.log(`\nkept in ${values.out}`);
  if (outcomes.some(({ note }) => note.startsWith('failed'))) process.exitCode = 1;
}

/** Keeps what is known so far: a run that is ended early is not lost. */
function keep(outcomes: readonly Outcome[]): void {
  const when = new Date().toISOString();
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, 'results.json'), JSON.stringify({ when, outcomes }, undefined, 1));
  writeFileSync(join(values.out, 'results.md'), markdown(outcomes, goals(outcomes), when));
  writeFileSync(join(values.out, 'last-stream.svg'), plot(outcomes));
}

/** What the server has in use after a collection, MB. */
interface LiveMemory {
  readonly heapMB: number;
  readonly outsideMB: number;
}

async function soak(minutes: number, programs: Programs): Promise<void> {
  const { server, client } = soakOf(minutes, SOAK_STREAMS, SOAK_SERVICES, programs);
  console.log(
    `${SOAK_STREAMS} streams, ${SOAK_SERVICES} services, a change and 10 reconnects each second, ${minutes} min`,
  );
  const live: LiveMemory[] = [];
  const watch = setInterval(async () => {
    const answer = await fetch(MEMORY).catch(() => undefined);
    if (!answer) return;
    const { heapMB, outsideMB } = (await answer.json()) as LiveMemory;
    live.push({ heapMB, outsideMB });
    console.log(`  in use: heap ${heapMB.toFixed(1)} MB, outside it ${outsideMB.toFixed(1)} MB`);
  }, SOAK_MEMORY_EVERY_MS);
  const result = await runOnce(server, client).finally(() => clearInterval(watch));
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, 'soak.json'), JSON.stringify({ ...result, live }, undefined, 1));
  console.log(`no update was missed, no stream broke; kept in ${values.out}`);
}

/** One process against several behind one port, with every core for whoever needs it. */
async function processes(workers: number, programs: Programs): Promise<void> {
  for (const [streams, services] of values.size ? sizes() : WORKER_SIZES) {
    for (const count of [1, workers]) {
      const { server, client } = workersOf(count, streams, services, programs);
      let watched: (() => CoresUsed) | undefined;
      const measured = await runOnce(server, client, false, (pids) => {
        watched = watchCores(pids);
      });
      console.log(workerLine({ streams, services, count }, measured, watched?.()));
    }
  }
}

function workerLine(
  { streams, services, count }: { streams: number; services: number; count: number },
  { SyncMs, Max, SrvCPUms, RSSSyncMB }: Measured,
  cores: CoresUsed | undefined,
): string {
  const used = cores
    ? `cores at once ${cores.together.toFixed(2)} (busiest process ${cores.busiest.toFixed(2)}), CPU of each ${cores.seconds.map((s) => s.toFixed(1)).join(' + ')} s`
    : '';
  return (
    `N ${streams}, S ${services}, ${count} ${count > 1 ? 'workers' : 'process'}: initial sync ${SyncMs.toFixed(0)} ms, ` +
    `last stream ${Max.toFixed(1)} ms, ${SrvCPUms.toFixed(1)} ms CPU a push, ${RSSSyncMB.toFixed(0)} MB; ${used}`
  );
}

try {
  const programs = buildPrograms();
  const minutes = values['soak-minutes'];
  if (minutes !== undefined) await soak(Number(minutes), programs);
  else if (values.workers !== undefined) await processes(Number(values.workers), programs);
  else await compare(programs);
} catch (error) {
  if (!(error instanceof GoMissing)) throw error;
  console.log(`bench/xds is skipped: ${error.message}`);
}
