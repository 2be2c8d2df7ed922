import { startLoad } from '../../e2e/protection/load.ts';
import { queueing } from '../../e2e/protection/queueing.ts';
import { startStandIn } from '../../e2e/translate/model-server.ts';
import { pass, quantile, type Row } from './figures.ts';
import { type Fleet, type MakeFleet, penstockFleet, poolSpecs, staticFleet } from './fleet.ts';

const PODS = 4;
const SIDECARS = 8;
const CAPACITY = 50;
const SLOWER = 5;
const RATE = 100;
const SLO_MS = 250;
const SETTLE_MS = 15_000;
const SEEN_MS = 10_000;

const MAKERS: readonly MakeFleet[] = [
  (ports) => penstockFleet(poolSpecs(ports, 'balancing: {}'), SIDECARS),
  (ports) => staticFleet({ name: 'Envoy, least request' }, ports, SIDECARS),
  (ports) => staticFleet({ name: 'Envoy, outlier detection tuned', outlier: 'tuned' }, ports, SIDECARS),
];

/**
 * One of four pods becomes five times as slow and fails nothing; half of the capacity is asked for. All fleets at the
 * same time, each in front of pods of its own.
 */
export async function brownOut(runs: number): Promise<readonly Row[]> {
  const seen: Awaited<ReturnType<typeof once>>[][] = [];
  for (let run = 0; run < runs; run++) seen.push(await Promise.all(MAKERS.map(once)));
  const rows = MAKERS.flatMap((_, index): readonly Row[] => {
    const of = seen.flatMap((fleets) => fleets[index] ?? []);
    const name = of[0]?.name ?? '';
    return [
      { what: `${name}: p99 once settled`, unit: 'ms', values: of.map(({ p99 }) => p99) },
      { what: `${name}: within ${SLO_MS} ms`, unit: '%', values: of.map(({ good }) => good) },
    ];
  });
  const weights = seen.map((fleets) => fleets[0]?.weights ?? []);
  return [
    ...rows,
    {
      what: 'Penstock: weight of the slow pod, median',
      unit: '%',
      values: weights.map((w) => quantile(w, 0.5)),
    },
    {
      what: `… between its least and its most in ${SEEN_MS / 1000} s`,
      unit: 'percentage points',
      values: weights.map((w) => Math.max(...w) - Math.min(...w)),
    },
    {
      what: '… times that it turned round by more than 5 points',
      unit: '',
      values: weights.map((w) => turnsOf(w, 5)),
    },
  ];
}

async function once(make: MakeFleet) {
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
  const weights = await weightsOfFirst(fleet);
  const seen = loads.flatMap((load) => load.answers).filter(({ at }) => at >= from);
  await Promise.all(loads.map((load) => load.stop()));
  for (const plant of plants) plant.stop();
  await fleet.stop();
  await Promise.all(pods.map((pod) => pod.stop()));
  const times = seen.map(({ tookMs, status }) => (status === 0 ? tookMs : Number.POSITIVE_INFINITY));
  const good = times.filter((ms) => ms <= SLO_MS).length;
  return {
    name: fleet.name,
    p99: quantile(times, 0.99),
    good: (100 * good) / Math.max(1, times.length),
    weights: fleet.world === undefined ? undefined : weights,
  };
}

/** The first pod's weight against the heaviest, percent, once a second while people watch. */
async function weightsOfFirst({ world }: Fleet): Promise<readonly number[]> {
  const weights: number[] = [];
  const until = performance.now() + SEEN_MS;
  while (performance.now() < until) {
    const endpoints = (await world?.list('services'))?.[0]?.versions[0]?.endpoints ?? [];
    const most = Math.max(...endpoints.map(({ weight }) => weight));
    weights.push((100 * (endpoints[0]?.weight ?? 0)) / most);
    await pass(1_000);
  }
  return weights;
}

/** How often a series turned round after having moved by more than `least`. */
function turnsOf(series: readonly number[], least: number): number {
  let turns = 0;
  let direction = 0;
  let extreme = series[0] ?? 0;
  for (const value of series) {
    const moved = value - extreme;
    if (Math.sign(moved) === direction) extreme = value;
    else if (Math.abs(moved) > least) {
      if (direction !== 0) turns += 1;
      direction = Math.sign(moved);
      extreme = value;
    }
  }
  return turns;
}
