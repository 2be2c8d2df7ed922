import { type Load, startLoad } from '../../e2e/protection/load.ts';
import { World } from '../../e2e/protection/world.ts';
import { Caller } from '../../e2e/translate/caller.ts';
import { startStandIn } from '../../e2e/translate/model-server.ts';
import { pass, type Row } from './figures.ts';
import { poolSpecs } from './fleet.ts';

const GLOBAL = 400;
const SIDECARS = 8;
/** Demand of the busiest to that of the least busy sidecar. */
const SKEW = 10;
const OFFERED = 2 * GLOBAL;
const SETTLE_MS = 25_000;
const SEEN_MS = 20_000;

/** A global limit over eight sidecars whose demand is skewed 10 : 1. */
export async function globalLimit(runs: number): Promise<readonly Row[]> {
  const values: number[] = [];
  for (let run = 0; run < runs; run++) values.push(await globalOnce());
  return [{ what: `admitted of a global limit of ${GLOBAL}/s`, unit: '%', values }];
}

async function globalOnce(): Promise<number> {
  const limit = `rateLimits: [{name: licence, global: true, requestsPerSecond: ${GLOBAL}, burst: ${GLOBAL / 2}}]`;
  const world = await World.start(poolSpecs([1], limit));
  const models = await Promise.all(Array.from({ length: SIDECARS }, () => startStandIn('pod')));
  const sidecars = await Promise.all(models.map(({ port }) => world.inbound('default/pool', 'v1', port)));
  const weights = sidecars.map((_, i) => SKEW ** (i / (SIDECARS - 1)));
  const sum = weights.reduce((a, b) => a + b, 0);
  const callers = sidecars.map(({ port }) => new Caller(port));
  const loads = callers.map((caller, i) => startLoad(caller, 'any', (OFFERED * (weights[i] ?? 0)) / sum));
  await pass(SETTLE_MS);
  const admitted = await admittedFrom(loads);
  await Promise.all(loads.map((load) => load.stop()));
  for (const caller of callers) caller.close();
  await world.stop();
  await Promise.all(models.map((model) => model.stop()));
  return (100 * admitted) / GLOBAL;
}

async function admittedFrom(loads: readonly Load[]): Promise<number> {
  const from = performance.now();
  await pass(SEEN_MS);
  const seconds = (performance.now() - from) / 1000;
  return (
    loads.flatMap(({ answers }) => answers).filter(({ status, at }) => status === 0 && at >= from).length /
    seconds
  );
}

const CLIENTS = 1000;
const PER_SECOND = 1;
const BURST = 10;
const EXTRA = 5;

/** So many client addresses, each calling beyond its burst at once: what is admitted against the exact bucket. */
export async function manyClients(runs: number): Promise<readonly Row[]> {
  const values: number[] = [];
  for (let run = 0; run < runs; run++) values.push(await clientsOnce());
  return [{ what: `admitted of ${CLIENTS} clients, against exact buckets`, unit: '%', values }];
}

async function clientsOnce(): Promise<number> {
  const limit = `rateLimits: [{name: clients, per: [{sourceIp: true}], requestsPerSecond: ${PER_SECOND}, burst: ${BURST}}]`;
  const world = await World.start(poolSpecs([1], limit));
  const model = await startStandIn('pod');
  const sidecar = await world.inbound('default/pool', 'v1', model.port);
  let admitted = 0;
  let exact = 0;
  for (let i = 0; i < CLIENTS; i++) {
    const caller = new Caller(sidecar.port, `127.1.${Math.floor(i / 250)}.${1 + (i % 250)}`);
    const began = performance.now();
    const answers = await caller.calls(BURST + EXTRA, 'any');
    const seconds = (performance.now() - began) / 1000;
    admitted += answers.filter(({ status }) => status === 0).length;
    exact += Math.min(BURST + EXTRA, BURST + Math.floor(PER_SECOND * seconds));
    caller.close();
  }
  await world.stop();
  await model.stop();
  return (100 * admitted) / exact;
}
