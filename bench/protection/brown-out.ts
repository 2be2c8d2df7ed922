import { startLoad } from '../../e2e/protection/load.ts';
import { queueing } from '../../e2e/protection/queueing.ts';
import { startStandIn } from '../../e2e/translate/model-server.ts';
import { pass, quantile, type Row } from './figures.ts';
import { type Fleet, penstockFleet, poolSpecs, staticFleet } from './fleet.ts';

const PODS = 4;
const SIDECARS = 8;
const CAPACITY = 50;
const SLOWER = 5;
const RATE = 100;
const SLO_MS = 250;
const SETTLE_MS = 20_000;
const SEEN_MS = 15_000;

/** One of four pods becomes five times as slow and fails nothing; half of the capacity is asked for. */
export async function brownOut(runs: number): Promise<readonly Row[]> {
  const makers: readonly ((ports: readonly number[]) => Promise<Fleet>)[] = [
    (ports) => penstockFleet(poolSpecs(ports, 'balancing: {}'), SIDECARS),
    (ports) => staticFleet('Envoy, least request', ports, 'plain', SIDECARS),
    (ports) => staticFleet('Envoy, outlier detection tuned', ports, 'tuned', SIDECARS),
  ];
  const rows: Row[] = [];
  for (const make of makers) {
    const seen: { name: string; p99: number; good: number }[] = [];
    for (let run = 0; run < runs; run++) seen.push(await once(make));
    const name = seen[0]?.name ?? '';
    rows.push({ what: `${name}: p99 once settled`, unit: 'ms', values: seen.map(({ p99 }) => p99) });
    rows.push({ what: `${name}: within ${SLO_MS} ms`, unit: '%', values: seen.map(({ good }) => good) });
  }
  return rows;
}

async function once(make: (ports: readonly number[]) => Promise<Fleet>) {
  const pods = await Promise.all(Array.from({ length: PODS }, (_, i) => startStandIn(`pod-${i}`)));
  const plants = pods.map((pod) => {
    const plant = queueing(CAPACITY);
    pod.behaviour = plant.behaviour;
    return plant;
  });
  const fleet = await make(pods.map(({ port }) => port));
  const loads = fleet.callers.map((caller) => startLoad(caller, fleet.authority, RATE / SIDECARS));
  await pass(5_000);
  plants[0]?.setCapacity(CAPACITY / SLOWER);
  await pass(SETTLE_MS);
  const from = performance.now();
  await pass(SEEN_MS);
  const seen = loads.flatMap((load) => load.answers).filter(({ at }) => at >= from);
  await Promise.all(loads.map((load) => load.stop()));
  for (const plant of plants) plant.stop();
  await fleet.stop();
  await Promise.all(pods.map((pod) => pod.stop()));
  const times = seen.map(({ tookMs, status }) => (status === 0 ? tookMs : Number.POSITIVE_INFINITY));
  const good = times.filter((ms) => ms <= SLO_MS).length;
  return { name: fleet.name, p99: quantile(times, 0.99), good: (100 * good) / Math.max(1, times.length) };
}
