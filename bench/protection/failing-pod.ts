import { startLoad } from '../../e2e/protection/load.ts';
import { answers, type Behaviour, fails, startStandIn } from '../../e2e/translate/model-server.ts';
import { type Random, seeded } from '../statistics/random.ts';
import { pass, type Row } from './figures.ts';
import { type MakeFleet, penstockFleet, poolSpecs, staticFleet } from './fleet.ts';

const PODS = 4;
const SIDECARS = 8;
const RATE = 40;
const FAILING = 0.3;
const INTERNAL = 13;
const HEALTHY_MS = 6_000;
const FAULTY_MS = 20_000;
const WINDOW_MS = 3_000;
/**
 * Less than this part of its fair share over the window: it is derated. Of 30 calls that are due chance alone lets
 * fewer than 18 come in one window of 200, so that a fleet that does nothing is "derated" now and then.
 */
const DERATED = 0.6;

const MAKERS: readonly MakeFleet[] = [
  (ports) => penstockFleet(poolSpecs(ports, 'balancing: {}, outlierDetection: {}'), SIDECARS),
  (ports) =>
    staticFleet({ name: 'Envoy, outlier detection by default', outlier: 'defaults' }, ports, SIDECARS),
  (ports) => staticFleet({ name: 'Envoy, outlier detection tuned', outlier: 'tuned' }, ports, SIDECARS),
];

/**
 * One of four pods fails 30 % of its requests, at 40 requests/s over eight sidecars: none of them sees enough. All
 * fleets at the same time, each in front of pods of its own.
 */
export async function failingPod(runs: number): Promise<readonly Row[]> {
  const seen: Awaited<ReturnType<typeof once>>[][] = [];
  for (let run = 1; run <= runs; run++) {
    seen.push(await Promise.all(MAKERS.map((make) => once(make, seeded(run)))));
  }
  return MAKERS.flatMap((_, index) => {
    const of = seen.flatMap((fleets) => fleets[index] ?? []);
    const name = of[0]?.name ?? '';
    return [
      { what: `${name}: derated after`, unit: 's', values: of.map(({ seconds }) => seconds) },
      {
        what: `${name}: failed in ${FAULTY_MS / 1000} s`,
        unit: `of ${(RATE * FAULTY_MS) / 1000}`,
        values: of.map(({ failed }) => failed),
      },
    ];
  });
}

async function once(make: MakeFleet, random: Random) {
  const pods = await Promise.all(Array.from({ length: PODS }, (_, i) => startStandIn(`pod-${i}`)));
  const fleet = await make(pods.map(({ port }) => port));
  const loads = fleet.callers.map((caller) => startLoad(caller, fleet.authority, RATE / SIDECARS));
  await pass(HEALTHY_MS);
  const [bad] = pods;
  const hits: number[] = [];
  const began = performance.now();
  if (bad !== undefined) bad.behaviour = failingNowAndThen(random, hits);
  await pass(FAULTY_MS);
  await Promise.all(loads.map((load) => load.stop()));
  await fleet.stop();
  await Promise.all(pods.map((pod) => pod.stop()));
  const failed = loads.flatMap((load) => load.answers).filter(({ status }) => status === INTERNAL).length;
  return { name: fleet.name, seconds: deratedAfter(hits, began), failed };
}

function failingNowAndThen(random: Random, hits: number[]): Behaviour {
  const well = answers('pod-0');
  const ill = fails(INTERNAL);
  return (stream, headers) => {
    hits.push(performance.now());
    (random.next() < FAILING ? ill : well)(stream, headers);
  };
}

/** When the pod's share over the window fell for the first time, seconds; the window's length is not counted. */
function deratedAfter(hits: readonly number[], began: number): number | undefined {
  const few = (DERATED * RATE * WINDOW_MS) / 1000 / PODS;
  for (let at = began; at <= began + FAULTY_MS - WINDOW_MS; at += 100) {
    if (hits.filter((hit) => hit >= at && hit < at + WINDOW_MS).length < few) return (at - began) / 1000;
  }
  return undefined;
}
