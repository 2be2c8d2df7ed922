import { World } from '../../e2e/protection/world.ts';
import { Caller } from '../../e2e/translate/caller.ts';
import { startStandIn } from '../../e2e/translate/model-server.ts';
import type { Row } from './figures.ts';
import { poolSpecs, staticFleet } from './fleet.ts';

const CLIENTS = 5000;
/** Hand-written Envoys are asked by fewer: it shows with a hundred. */
const CLIENTS_BY_HAND = 500;
const AT_ONCE = 50;

interface Bucket {
  readonly perSecond: number;
  readonly burst: number;
}

/** What each client does: `modest` ones stay below the burst, every so-manieth one calls far more. */
interface Demand {
  readonly bucket: Bucket;
  readonly calls: number;
  readonly greedyEvery: number;
  readonly greedyCalls: number;
}

/** The limit as it is asked for. Most clients call twice; one in fifty calls for 250 although 200 are its burst. */
const AS_ASKED: Demand = {
  bucket: { perSecond: 100, burst: 200 },
  calls: 2,
  greedyEvery: 50,
  greedyCalls: 250,
};
/** The same limit for a hundredth of the load, so that two cores can offer it for every client. */
const SCALED: Demand = { bucket: { perSecond: 1, burst: 8 }, calls: 12, greedyEvery: 1, greedyCalls: 12 };

/** So many client addresses: what is admitted against what exact buckets admit. */
export async function manyClients(runs: number): Promise<readonly Row[]> {
  const seen: Awaited<ReturnType<typeof once>>[] = [];
  for (let run = 0; run < runs; run++) seen.push(await once());
  const names: readonly (readonly [keyof (typeof seen)[number], string])[] = [
    ['asked', `Penstock, 100/s, burst 200, ${CLIENTS} clients, one in 50 beyond it`],
    ['scaled', `Penstock, 1/s, burst 8, ${CLIENTS} clients beyond it`],
    ['defaults', `Envoy by default, 1/s, burst 8, ${CLIENTS_BY_HAND} clients beyond it`],
    ['tuned', `Envoy, 100 000 descriptors, ${CLIENTS_BY_HAND} clients beyond it`],
  ];
  return names.map(([key, what]) => ({
    what: `${what}: admitted`,
    unit: '% of the exact buckets',
    values: seen.map((each) => each[key]),
  }));
}

async function once() {
  const byHand = (perClient: { readonly maxClients?: number }) =>
    throughHandWritten({ requestsPerSecond: SCALED.bucket.perSecond, burst: SCALED.bucket.burst, perClient });
  return {
    asked: await throughPenstock(AS_ASKED),
    scaled: await throughPenstock(SCALED),
    defaults: await byHand({}),
    tuned: await byHand({ maxClients: 100_000 }),
  };
}

async function throughPenstock(demand: Demand): Promise<number> {
  const { perSecond, burst } = demand.bucket;
  const limit = `rateLimits: [{name: clients, per: [{sourceIp: true}], requestsPerSecond: ${perSecond}, burst: ${burst}}]`;
  const world = await World.start(poolSpecs([1], limit));
  const model = await startStandIn('pod');
  const { port } = await world.inbound('default/pool', 'v1', model.port);
  const percent = await admittedPercent(port, CLIENTS, demand);
  await world.stop();
  await model.stop();
  return percent;
}

async function throughHandWritten(
  limit: NonNullable<Parameters<typeof staticFleet>[0]['limit']>,
): Promise<number> {
  const model = await startStandIn('pod');
  const fleet = await staticFleet({ name: 'Envoy', limit }, [model.port], 1);
  const percent = await admittedPercent(fleet.ports[0] ?? 0, CLIENTS_BY_HAND, SCALED);
  await fleet.stop();
  await model.stop();
  return percent;
}

async function admittedPercent(port: number, clients: number, demand: Demand): Promise<number> {
  const sums = { admitted: 0, exact: 0 };
  const queue = Array.from({ length: clients }, (_, client) => client);
  const work = async () => {
    for (let client = queue.pop(); client !== undefined; client = queue.pop()) {
      const greedy = client % demand.greedyEvery === 0;
      const seen = await oneClient(port, client, greedy ? demand.greedyCalls : demand.calls, demand.bucket);
      sums.admitted += seen.admitted;
      sums.exact += seen.exact;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return (100 * sums.admitted) / sums.exact;
}

/** A client with an address of its own, and what an exact bucket would have admitted of the same calls. */
async function oneClient(port: number, client: number, calls: number, bucket: Bucket) {
  const caller = new Caller(port, `127.1.${Math.floor(client / 250)}.${1 + (client % 250)}`);
  const answered: number[] = [];
  let admitted = 0;
  for (let left = calls; left > 0; left -= 10) {
    const some = Array.from({ length: Math.min(10, left) }, async () => {
      const { status } = await caller.call('any');
      answered.push(performance.now());
      if (status === 0) admitted += 1;
    });
    await Promise.all(some);
  }
  caller.close();
  return { admitted, exact: exactlyAdmitted(answered, bucket) };
}

function exactlyAdmitted(times: readonly number[], { perSecond, burst }: Bucket): number {
  let tokens = burst;
  let last = times[0] ?? 0;
  let admitted = 0;
  for (const at of times) {
    tokens = Math.min(burst, tokens + ((at - last) * perSecond) / 1000);
    last = at;
    if (tokens < 1) continue;
    tokens -= 1;
    admitted += 1;
  }
  return admitted;
}
