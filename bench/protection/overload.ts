import { startLoad } from '../../e2e/protection/load.ts';
import { queueing } from '../../e2e/protection/queueing.ts';
import { World } from '../../e2e/protection/world.ts';
import { Caller } from '../../e2e/translate/caller.ts';
import { freePort } from '../../e2e/translate/mesh.ts';
import { startStandIn } from '../../e2e/translate/model-server.ts';
import { pass, type Row } from './figures.ts';
import { AUTHORITY, poolSpecs, staticFleet } from './fleet.ts';

const CAPACITY = 50;
const FACTORS = [0.5, 1, 1.5, 3];
/** Callers do not wait longer; the model server works for them all the same. */
const PATIENCE_MS = 1_000;
const SETTLE_MS = 10_000;
const SEEN_MS = 6_000;
const ADAPTIVE =
  'rateLimits: [{name: protect, adaptive: {signal: Queue, target: 10, minRequestsPerSecond: 10}}]';

/** A way to an instance: what callers dial, by which sidecar. */
interface Way {
  readonly caller: Caller;
  readonly authority: string;
  stop(): Promise<void>;
}

const WAYS: readonly { readonly name: string; to(port: number): Promise<Way> }[] = [
  { name: 'adaptive limit', to: throughPenstock },
  { name: 'Envoy without a limit', to: (port) => throughStatic(port, undefined) },
  // The queue that a person would allow; right as long as one sidecar speaks to the instance.
  { name: 'Envoy, max_requests 10', to: (port) => throughStatic(port, 10) },
];

/** What is answered in time, of what one instance can do, from half to three times of which is offered. */
export async function overload(runs: number): Promise<readonly Row[]> {
  const seen: (readonly (readonly number[])[])[] = [];
  for (let run = 0; run < runs; run++) seen.push(await Promise.all(WAYS.map(({ to }) => once(to))));
  return WAYS.flatMap(({ name }, way) =>
    FACTORS.map((factor, index) => ({
      what: `${factor} × the capacity, ${name}: goodput`,
      unit: '% of the capacity',
      values: seen.flatMap((each) => each[way]?.[index] ?? []),
    })),
  );
}

/** One factor after the other, each with an empty queue. */
async function once(to: (port: number) => Promise<Way>): Promise<readonly number[]> {
  const model = await startStandIn('pod');
  const way = await to(model.port);
  const goodput: number[] = [];
  for (const factor of FACTORS) {
    const plant = queueing(CAPACITY, { worksForTheGone: true });
    model.behaviour = plant.behaviour;
    const load = startLoad(way.caller, way.authority, factor * CAPACITY, PATIENCE_MS);
    await pass(SETTLE_MS);
    const from = performance.now();
    await pass(SEEN_MS);
    const seconds = (performance.now() - from) / 1000;
    const good = load.answers.filter(({ status, at }) => status === 0 && at >= from).length;
    goodput.push((100 * good) / (CAPACITY * seconds));
    plant.stop();
    await load.stop();
  }
  await way.stop();
  await model.stop();
  return goodput;
}

async function throughPenstock(modelPort: number): Promise<Way> {
  const port = await freePort();
  const world = await World.start(poolSpecs([port], ADAPTIVE));
  await world.inbound('default/pool', 'v1', modelPort, port);
  const caller = new Caller((await world.outbound()).port);
  const stop = async () => {
    caller.close();
    await world.stop();
  };
  return { caller, authority: AUTHORITY, stop };
}

async function throughStatic(modelPort: number, maxRequests: number | undefined): Promise<Way> {
  const by = { name: 'Envoy', ...(maxRequests === undefined ? {} : { maxRequests }) };
  const fleet = await staticFleet(by, [modelPort], 1);
  const [caller] = fleet.callers;
  if (caller === undefined) throw new Error('no sidecar');
  return { caller, authority: AUTHORITY, stop: () => fleet.stop() };
}
