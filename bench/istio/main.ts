import { parseArgs } from 'node:util';
import { Istiod } from '../../e2e/istio/istiod-process.ts';
import { Penstock } from '../../e2e/rollout/penstock.ts';
import { RUNTIME_TOTAL } from '../../src/core/translate/istio/runtime-weights.ts';
import { buildFleet, Fleet, type Seen } from './fleet.ts';
import { envoyFilter, meshObjects, modelSpecs, ROUTE, virtualService } from './mesh-specs.ts';

// One change of a weight by a VirtualService through istiod, and by Penstock beside it, to the same number of sidecars
// of the same mesh, in turn. With --by EnvoyFilter istiod's change is the one that is made where pods know no runtime
// layer. The sidecars are clients that speak as Istio's do (bench/istio/client), not Envoys.

const { values } = parseArgs({
  options: {
    sidecars: { type: 'string', default: '200' },
    services: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '11' },
    by: { type: 'string', default: 'VirtualService' },
  },
});
const rounds = Number(values.rounds);
const services = Number(values.services);

const program = buildFleet();
const istiod = await Istiod.start(meshObjects(services));
const change = values.by === 'EnvoyFilter' ? envoyFilter : virtualService;
istiod.apply([change(0)], 'weights.yaml');
const penstock = await Penstock.start(modelSpecs(services, rounds));
const started: Fleet[] = [];
try {
  const fleet = async (kind: string, port: number) => {
    const args = ['-kind', kind, '-addr', `127.0.0.1:${port}`, '-n', values.sidecars, '-route', ROUTE];
    const one = await Fleet.start(program, args);
    started.push(one);
    return one;
  };
  const ofIstiod = await fleet('istiod', istiod.port);
  const ofPenstock = await fleet('penstock', penstock.xdsPort);
  console.log(
    `${values.sidecars} sidecars, ${services + 1} services; ms from the change, bytes to all sidecars`,
  );
  const all: { by: string; ms: number; bytes: number }[] = [];
  const note = (by: string, seen: Seen & { readonly beganMs: number }) => {
    const [first, median, last] = [seen.FirstMs, seen.MedianMs, seen.LastMs].map((at) => at - seen.beganMs);
    all.push({ by, ms: last ?? 0, bytes: seen.Bytes });
    const [a, b, c] = [first, median, last].map((ms) => (ms ?? 0).toFixed(1).padStart(8));
    console.log(`${by.padEnd(9)} first ${a}  median ${b}  last ${c}  bytes ${seen.Bytes}`);
  };
  for (let round = 1; round <= rounds; round++) {
    const weights = change(round);
    note(
      'istiod',
      await ofIstiod.see(Buffer.from(`weights-${round}.`), () => istiod.apply([weights], 'weights.yaml')),
    );
    const weight = Buffer.alloc(8);
    weight.writeDoubleLE(((round + 1) * RUNTIME_TOTAL) / 100);
    note('Penstock', await ofPenstock.see(weight, () => promote(penstock)));
  }
  const of = (by: string) => {
    const own = all.filter((each) => each.by === by);
    return {
      ms: own.map(({ ms }) => ms),
      bytes: quantile(
        own.map(({ bytes }) => bytes),
        0.5,
      ),
    };
  };
  const [theirs, ours] = [of('istiod'), of('Penstock')];
  for (const [by, { ms, bytes }] of [['istiod', theirs] as const, ['Penstock', ours] as const]) {
    const [least, quarter, half, threeQuarters, most] = [0, 0.25, 0.5, 0.75, 1].map((p) =>
      quantile(ms, p).toFixed(1),
    );
    console.log(
      `${by}: last sidecar after ${half} ms in the median of ${ms.length} changes (quartiles ${quarter} and ${threeQuarters}, from ${least} to ${most}); ${bytes} bytes`,
    );
  }
  // Changes are made in turn, so what disturbs one disturbs its neighbour; the ratio of each pair is less noisy.
  const pairs = theirs.ms.map((ms, round) => ms / (ours.ms[round] ?? Number.NaN));
  const [low, middle, high] = [0.25, 0.5, 0.75].map((p) => quantile(pairs, p).toFixed(0));
  console.log(
    `1/${middle} of the time (quartiles 1/${low} and 1/${high}; goal: 1/20), 1/${(theirs.bytes / ours.bytes).toFixed(0)} of the bytes (goal: 1/500)`,
  );
} finally {
  for (const each of started) each.stop();
  await penstock.stop();
  await istiod.stop();
}

async function promote({ adminUrl }: Penstock): Promise<void> {
  const response = await fetch(`${adminUrl}/api/v1/rollouts/ml/fraud-v2:promote`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  if (!response.ok) throw new Error(`promote: ${response.status} ${await response.text()}`);
}

function quantile(numbers: readonly number[], p: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.round(p * (numbers.length - 1))] ?? Number.NaN;
}
