import { type Load, startLoad } from '../../e2e/protection/load.ts';
import { World } from '../../e2e/protection/world.ts';
import { Caller } from '../../e2e/translate/caller.ts';
import { startStandIn } from '../../e2e/translate/model-server.ts';
import { pass, type Row } from './figures.ts';
import { poolSpecs, staticFleet } from './fleet.ts';

const GLOBAL = 1000;
const SIDECARS = 8;
/** Demand of the busiest to that of the least busy sidecar. */
const SKEW = 10;
const OFFERED = 1.5 * GLOBAL;
const SETTLE_MS = 15_000;
const SEEN_MS = 10_000;

/** A global limit over eight sidecars whose demand is skewed 10 : 1, and the same divided by eight by hand. */
export async function globalLimit(runs: number): Promise<readonly Row[]> {
  const seen: { ours: number; divided: number }[] = [];
  for (let run = 0; run < runs; run++) {
    seen.push({ ours: await globalOnce(), divided: await dividedByHand() });
  }
  return [
    { what: `Penstock: admitted of ${GLOBAL}/s`, unit: '%', values: seen.map(({ ours }) => ours) },
    { what: `Envoy, an eighth each: admitted`, unit: '%', values: seen.map(({ divided }) => divided) },
  ];
}

async function globalOnce(): Promise<number> {
  const limit = `rateLimits: [{name: licence, global: true, requestsPerSecond: ${GLOBAL}, burst: ${GLOBAL / 10}}]`;
  const world = await World.start(poolSpecs([1], limit));
  const models = await Promise.all(Array.from({ length: SIDECARS }, () => startStandIn('pod')));
  const sidecars = await Promise.all(models.map(({ port }) => world.inbound('default/pool', 'v1', port)));
  const callers = sidecars.map(({ port }) => new Caller(port));
  const admitted = await admittedPercent(callers, SETTLE_MS);
  for (const caller of callers) caller.close();
  await world.stop();
  await Promise.all(models.map((model) => model.stop()));
  return admitted;
}

async function dividedByHand(): Promise<number> {
  const model = await startStandIn('pod');
  const share = GLOBAL / SIDECARS;
  const limit = { requestsPerSecond: share, burst: Math.ceil(share / 10) };
  const fleet = await staticFleet({ name: 'Envoy', limit }, [model.port], SIDECARS);
  const admitted = await admittedPercent(fleet.callers, 3_000);
  await fleet.stop();
  await model.stop();
  return admitted;
}

async function admittedPercent(callers: readonly Caller[], settleMs: number): Promise<number> {
  const weights = callers.map((_, i) => SKEW ** (i / (SIDECARS - 1)));
  const sum = weights.reduce((a, b) => a + b, 0);
  const loads = callers.map((caller, i) => startLoad(caller, 'any', (OFFERED * (weights[i] ?? 0)) / sum));
  await pass(settleMs);
  const admitted = await admittedFrom(loads);
  await Promise.all(loads.map((load) => load.stop()));
  return (100 * admitted) / GLOBAL;
}

async function admittedFrom(loads: readonly Load[]): Promise<number> {
  const from = performance.now();
  await pass(SEEN_MS);
  const until = performance.now();
  const admitted = loads.flatMap(({ answers }) => answers).filter(({ status }) => status === 0);
  return (1000 * admitted.filter(({ at }) => at >= from && at < until).length) / (until - from);
}
