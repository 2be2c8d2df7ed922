import { until } from '../../e2e/translate/mesh.ts';
import { seeded } from '../statistics/random.ts';
import { type Canary, GOOD, startFleet } from './fleet.ts';
import type { VersionBehaviour } from './versions.ts';

/** How many rollouts, at which rate. */
export interface Plan {
  /** Services side by side, and how often they are all begun anew: their product is the number of runs. */
  readonly services: number;
  readonly rounds: number;
  readonly ratePerSecond: number;
  readonly seed: number;
  /** How many times as slow as stable a candidate may be. */
  readonly tolerated: number;
  /** Latencies are pushed by the sidecar, and not read from Prometheus. */
  readonly pushLatencies: boolean;
  /** How long a good candidate may take before it is counted as not having got there. */
  readonly patienceSeconds: number;
}

/** One rollout with a candidate that turns bad. */
export interface RetreatRun {
  /** From the moment at which the candidate turned to its last answer; undefined: it stayed in traffic. */
  readonly seconds: number | undefined;
  /** Calls that it failed, or answered late, from that moment on. */
  readonly spoilt: number;
  readonly phase: string;
  readonly message: string;
}

/** One rollout with a candidate that is good enough. */
export interface GoodRun {
  /** To all traffic from the first, or to the freeze from the turn; undefined: it did not get there. */
  readonly seconds: number | undefined;
  readonly phase: string;
  readonly message: string;
}

/** @param tolerated the latency gate's `maxRatio` */
const gates = (tolerated: number) =>
  'metrics: [{name: errors, type: ErrorRate, maxRatio: 2, thresholdRange: {max: 0.01}}, ' +
  `{name: latency, type: Latency, maxRatio: ${tolerated}}]`;
const stayAtTen = (tolerated: number, warmUp = '2s') =>
  `strategy: {steps: [{setWeight: 10}, {pause: {}}]}, analysis: {warmUp: ${warmUp}, ${gates(tolerated)}}`;
const ramp = (tolerated: number) =>
  'strategy: {steps: [{setWeight: 10}, {setWeight: 50}, {setWeight: 100}]}, retention: 1s, ' +
  `analysis: {warmUp: 2s, ${gates(tolerated)}}`;

/** Between being warm and turning bad, so that the moment is not tied to any look or scrape. */
const HEALTHY_MS = { least: 4_000, most: 7_000 };
const PATIENCE_MS = 60_000;
/** A trend is known before it turns. */
const STEADY_MS = 20_000;
/** What is still under way when the weights have changed. */
const AFTERMATH_MS = 1_500;

/** A candidate at 10 % that turns bad, by real Envoys. */
export async function retreats(plan: Plan, turned: VersionBehaviour): Promise<readonly RetreatRun[]> {
  const runs: RetreatRun[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    const seed = plan.seed + round;
    const random = seeded(seed);
    await using fleet = await startFleet({ ...plan, seed, rollout: stayAtTen(plan.tolerated) });
    const healthy = fleet.canaries.map(
      () => HEALTHY_MS.least + random.next() * (HEALTHY_MS.most - HEALTHY_MS.least),
    );
    runs.push(
      ...(await Promise.all(fleet.canaries.map((canary, i) => turn(canary, turned, healthy[i] ?? 0)))),
    );
    process.stderr.write(`round ${round + 1}: ${JSON.stringify(runs.slice(-plan.services))}\n`);
  }
  return runs;
}

async function turn(canary: Canary, turned: VersionBehaviour, healthyMs: number): Promise<RetreatRun> {
  await until(
    `${canary.name} is warm`,
    async () => (await canary.status()).phase === 'Progressing',
    PATIENCE_MS,
  );
  await pass(healthyMs);
  await canary.behave(1, turned);
  return takenOut(canary, performance.now());
}

/** Waits for the rollback; what the candidate did from `since` on is what it cost. */
async function takenOut(canary: Canary, since: number): Promise<RetreatRun> {
  const phase = async () => (await canary.status()).phase;
  const back = async () => ['RollingBack', 'RolledBack'].includes(await phase());
  const decided = await until(`${canary.name} goes back`, back, PATIENCE_MS).then(
    () => true,
    () => false,
  );
  await pass(AFTERMATH_MS);
  const { message } = await canary.status();
  const spoilt = canary.load.answers.filter(({ at, version }) => at >= since && version === 'v2');
  const last = spoilt.reduce((latest, { at }) => Math.max(latest, at), since);
  return {
    seconds: decided ? (last - since) / 1000 : undefined,
    spoilt: spoilt.length,
    phase: await phase(),
    message,
  };
}

/** A little slower, within what is tolerated: a gate that freezes is to stop the ramp by the turn of the trend alone. */
const INFLECTED: VersionBehaviour = { ...GOOD, medianMs: 1.4 * GOOD.medianMs };
const FREEZING =
  'strategy: {steps: [{setWeight: 10}, {pause: {}}]}, analysis: {warmUp: 2s, ' +
  'metrics: [{name: latency, type: Latency, maxRatio: 1.5, onBreach: Freeze}]}';

/** Candidates at 10 % that turn slower and not too slow. */
export async function inflections(plan: Plan): Promise<readonly GoodRun[]> {
  const runs: GoodRun[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    await using fleet = await startFleet({ ...plan, seed: plan.seed + round, rollout: FREEZING });
    runs.push(...(await Promise.all(fleet.canaries.map(inflect))));
    process.stderr.write(`round ${round + 1}: ${JSON.stringify(runs.slice(-plan.services))}\n`);
  }
  return runs;
}

async function inflect(canary: Canary): Promise<GoodRun> {
  const phase = async () => (await canary.status()).phase;
  await until(`${canary.name} is warm`, async () => (await phase()) === 'Progressing', PATIENCE_MS);
  await pass(STEADY_MS);
  await canary.behave(1, INFLECTED);
  const since = performance.now();
  await until(`${canary.name} freezes`, async () => (await phase()) === 'Frozen', PATIENCE_MS).catch(
    () => {},
  );
  const status = await canary.status();
  const frozen = status.phase === 'Frozen' ? (performance.now() - since) / 1000 : undefined;
  return { seconds: frozen, phase: status.phase, message: status.message };
}

/** Candidates that are dead from their first moment, half a minute of warm-up before them. */
export async function stillbirths(plan: Plan): Promise<readonly RetreatRun[]> {
  const runs: RetreatRun[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    const rollout = stayAtTen(plan.tolerated, '30s');
    const candidate = { ...GOOD, failureRate: 1 };
    await using fleet = await startFleet({ ...plan, seed: plan.seed + round, rollout, candidate });
    runs.push(...(await Promise.all(fleet.canaries.map(stillborn))));
    process.stderr.write(`round ${round + 1}: ${JSON.stringify(runs.slice(-plan.services))}\n`);
  }
  return runs;
}

/** Its time begins with the first call that it gets. */
async function stillborn(canary: Canary): Promise<RetreatRun> {
  const firstAt = () => canary.load.answers.find(({ version }) => version === 'v2')?.at;
  await until(`${canary.name} has traffic`, () => firstAt() !== undefined, PATIENCE_MS);
  return takenOut(canary, firstAt() ?? performance.now());
}

/** Candidates as good as stable: 10 %, 50 %, 100 % as soon as the evidence is there. */
export async function promotions(plan: Plan): Promise<readonly GoodRun[]> {
  const runs: GoodRun[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    await using fleet = await startFleet({ ...plan, seed: plan.seed + round, rollout: ramp(plan.tolerated) });
    runs.push(...(await Promise.all(fleet.canaries.map((canary) => promote(canary, plan.patienceSeconds)))));
    process.stderr.write(`round ${round + 1}: ${JSON.stringify(runs.slice(-plan.services))}\n`);
  }
  return runs;
}

async function promote(canary: Canary, patienceSeconds: number): Promise<GoodRun> {
  const began = performance.now();
  const ended = async () => ['Baking', 'Completed', 'RolledBack'].includes((await canary.status()).phase);
  await until(`${canary.name} ends`, ended, 1000 * patienceSeconds).catch(() => {});
  const { phase, message, weight } = await canary.status();
  return { seconds: weight === 10_000 ? (performance.now() - began) / 1000 : undefined, phase, message };
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
