import { type Load, startLoad } from '../../e2e/protection/load.ts';
import { answers, type Behaviour, fails, startStandIn } from '../../e2e/translate/model-server.ts';
import { type Random, seeded } from '../statistics/random.ts';
import { pass, type Row } from './figures.ts';
import { type Fleet, penstockFleet, poolSpecs, staticFleet } from './fleet.ts';

const PODS = 4;
const SIDECARS = 8;
const RATE = 40;
const FAILING = 0.005;
const MEAN_MS = 20;
const INTERNAL = 13;
const TUNED = { name: 'Envoy, outlier detection tuned', outlier: 'tuned' } as const;
const POLICY = 'breaker: {}, balancing: {}, outlierDetection: {failureRate: {}}';

/** Healthy pods, of which each fails one request in two hundred: whatever is taken out is taken out by mistake. */
export async function healthy(runs: number, minutes: number): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const seen = [];
  for (let run = 0; run < runs; run++) seen.push(await once(minutes, run + 1));
  for (const [index, name] of ['Penstock', TUNED.name].entries()) {
    const of = seen.flatMap((each) => each[index] ?? []);
    rows.push({ what: `${name}: requests`, unit: '', values: of.map(({ requests }) => requests) });
    rows.push({ what: `${name}: failed`, unit: '', values: of.map(({ failed }) => failed) });
    rows.push({ what: `${name}: ejections by sidecars`, unit: '', values: of.map((each) => each.ejections) });
    rows.push({ what: `${name}: endpoints derated`, unit: '', values: of.map((each) => each.derated) });
    rows.push({
      what: `${name}: times that the breaker opened`,
      unit: '',
      values: of.map(({ trips }) => trips),
    });
  }
  return rows;
}

/** Both fleets at the same time, each in front of pods of its own. */
async function once(minutes: number, seed: number) {
  const random = seeded(seed);
  return Promise.all([
    watch(minutes, random, (ports) => penstockFleet(poolSpecs(ports, POLICY), SIDECARS)),
    watch(minutes, random, (ports) => staticFleet(TUNED, ports, SIDECARS)),
  ]);
}

async function watch(minutes: number, random: Random, make: (ports: readonly number[]) => Promise<Fleet>) {
  const pods = await Promise.all(Array.from({ length: PODS }, (_, i) => startStandIn(`pod-${i}`)));
  for (const pod of pods) pod.behaviour = wellEnough(random);
  const fleet = await make(pods.map(({ port }) => port));
  const counts = { requests: 0, failed: 0 };
  const loads = fleet.callers.map(
    (caller): Load =>
      startLoad(caller, fleet.authority, RATE / SIDECARS, 5_000, ({ status }) => {
        counts.requests += 1;
        if (status !== 0) counts.failed += 1;
      }),
  );
  await pass(minutes * 60_000);
  await Promise.all(loads.map((load) => load.stop()));
  const derated = (await fleet.world?.list('decisions', '?reason=EndpointDerated')) ?? [];
  const [breaker] = (await fleet.world?.list('breakers')) ?? [];
  const ejections = (await fleet.admin('/stats?filter=ejections_enforced_total')).flatMap((text) =>
    [...text.matchAll(/ejections_enforced_total: (\d+)/g)].map(([, value]) => Number(value)),
  );
  await fleet.stop();
  await Promise.all(pods.map((pod) => pod.stop()));
  return {
    ...counts,
    ejections: ejections.reduce((a, b) => a + b, 0),
    derated: fleet.world === undefined ? undefined : derated.length,
    trips: breaker?.trips,
  };
}

/** Answers after a time that varies as service times do, and fails now and then. */
function wellEnough(random: Random): Behaviour {
  const well = answers('well');
  const ill = fails(INTERNAL);
  return (stream, headers) => {
    const behaviour = random.next() < FAILING ? ill : well;
    setTimeout(
      () => {
        if (!stream.destroyed) behaviour(stream, headers);
      },
      -MEAN_MS * Math.log(1 - random.next()),
    );
  };
}
