import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Caller } from '../e2e/translate/caller.ts';
import type { Fault } from './fault.ts';
import { FILE_FAULTS } from './file-faults.ts';
import { MACHINE_FAULTS } from './machine-faults.ts';
import { MODEL_FAULTS } from './model-faults.ts';
import { NETWORK_FAULTS } from './network-faults.ts';
import { PROCESS_FAULTS } from './process-faults.ts';
import type { EpisodeRecord, RunRecord, Struck } from './record.ts';
import { type Episode, only, type PlannedFault } from './schedule.ts';
import { HOST } from './specs.ts';
import { Users } from './users.ts';
import { missing, Watcher } from './watcher.ts';
import { type Signals, World } from './world.ts';

export const FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...FILE_FAULTS,
  ...MACHINE_FAULTS,
  ...MODEL_FAULTS,
];

/** It counts as not found back after this; what comes next is struck all the same. */
const PATIENCE_MS = 30_000;
const WELL_FOR_MS = 300;

const MAIN = fileURLToPath(new URL('../cmd/penstock/main.ts', import.meta.url));

/** What is told while a run goes on. */
export interface Witness {
  readonly episode: (record: EpisodeRecord, index: number) => void;
  /** A kind that cannot be struck here, and why. */
  readonly leftOut: (kind: string, why: string) => void;
}

/**
 * Starts the whole system, lets the schedule loose on it under load, and tells what was seen.
 * @param minutes after which no further episode begins
 */
export async function run(
  schedule: readonly Episode[],
  signals: Signals,
  witness: Witness,
  minutes = Number.POSITIVE_INFINITY,
): Promise<RunRecord & { readonly stories: number }> {
  const world = await World.start(signals);
  const interrupted = () => void world.stop().finally(() => process.exit(130));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupted);
  try {
    await recovery(world, performance.now());
    const users = new Users(world.sidecars);
    const watcher = new Watcher(world);
    const episodes: EpisodeRecord[] = [];
    const endsAt = performance.now() + 60_000 * minutes;
    for (const [index, episode] of possible(world, schedule, witness).entries()) {
      if (performance.now() > endsAt) break;
      const record = await play(world, episode);
      episodes.push(record);
      witness.episode(record, index);
    }
    await users.stop();
    await watcher.stop();
    const { samples, memory, stories } = watcher;
    const crashes = [world.penstock, world.prometheus].flatMap(({ name, crashes: all }) =>
      all.map((how) => `${name}: ${how}`),
    );
    return {
      calls: users.calls,
      samples,
      memory,
      stories,
      episodes,
      crashes,
      audit: await verifyAudit(world),
    };
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupted);
    await world.stop();
  }
}

/** The schedule without what cannot be struck here. */
function possible(world: World, schedule: readonly Episode[], witness: Witness): readonly Episode[] {
  const why = new Map(FAULTS.map(({ kind, missing: lack }) => [kind, lack?.(world)]));
  const planned = schedule.flat();
  for (const kind of new Set(planned.map((each) => each.kind))) {
    const reason = why.get(kind);
    if (reason !== undefined) witness.leftOut(kind, reason);
  }
  return only(
    schedule,
    new Set(planned.filter(({ kind }) => why.get(kind) === undefined).map(({ id }) => id)),
  );
}

async function play(world: World, episode: Episode): Promise<EpisodeRecord> {
  const faults = await Promise.all(episode.map((planned) => strike(world, planned)));
  const lastHealed = Math.max(...faults.map(({ healedAt }) => healedAt));
  return { faults, ...(await recovery(world, lastHealed)) };
}

async function strike(world: World, planned: PlannedFault): Promise<Struck> {
  const fault = FAULTS.find(({ kind }) => kind === planned.kind);
  if (fault === undefined) throw new Error(`no fault is called ${planned.kind}`);
  await pass(planned.afterMs);
  const beganAt = performance.now();
  const { what, excuses, heal } = await fault.strike(world, planned);
  await pass(Math.max(planned.forMs, fault.leastMs ?? 0));
  await heal().catch((error: unknown) =>
    world.penstock.crashes.push(`${planned.kind} could not be healed: ${error}`),
  );
  return { id: planned.id, kind: planned.kind, what, beganAt, healedAt: performance.now(), excuses };
}

/** Waits until nothing is missing and stays so, and calls get through every sidecar. */
async function recovery(world: World, since: number): Promise<Omit<EpisodeRecord, 'faults'>> {
  const before = starved(world);
  const starvedMs = () => Math.max(...starved(world).map((ms, i) => ms - (before[i] ?? 0)));
  let waitedFor = '';
  let wellSince: number | undefined;
  while (performance.now() - since - starvedMs() < PATIENCE_MS) {
    const lacks = await lacking(world);
    const now = performance.now();
    if (lacks === undefined) {
      wellSince ??= now;
      if (now - wellSince >= WELL_FOR_MS)
        return { recoveredMs: wellSince - since, starvedMs: starvedMs(), waitedFor };
    } else {
      wellSince = undefined;
      waitedFor = lacks;
    }
    await pass(50);
  }
  return { recoveredMs: undefined, starvedMs: starvedMs(), waitedFor };
}

/** What each process that has to do something has waited for a processor. */
function starved({ penstock, sidecars }: World): number[] {
  return [penstock, ...sidecars.map(({ program }) => program)].map((each) => each.starvedMs);
}

async function lacking(world: World): Promise<string | undefined> {
  const lacks = await missing(world).catch((error: unknown) => String(error));
  if (lacks !== undefined) return lacks;
  for (const { id, port } of world.sidecars) {
    const caller = new Caller(port);
    const { status } = await caller
      .call(HOST, { 'x-user-id': 'probe' }, 1_000)
      .catch(() => ({ status: undefined }));
    caller.close();
    if (status !== 0) return `a call by ${id} (${status ?? 'no status'})`;
  }
  return undefined;
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function verifyAudit(world: World): Promise<RunRecord['audit']> {
  return new Promise((resolve) => {
    const env = { ...process.env, PENSTOCK_ADMIN: world.adminUrl };
    execFile(process.execPath, [MAIN, 'audit', 'verify'], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: `${stdout}${stderr}`.trim() }),
    );
  });
}
