import { parseArgs } from 'node:util';
import { Istiod } from '../../e2e/istio/istiod-process.ts';
import { Penstock } from '../../e2e/rollout/penstock.ts';
import { RUNTIME_TOTAL } from '../../src/core/translate/istio/runtime-weights.ts';
import { buildFleet, Fleet, type Seen } from './fleet.ts';
import { meshObjects, modelSpecs, ROUTE, virtualService } from './mesh-specs.ts';

// One change of a weight by a VirtualService through istiod, and by Penstock beside it, to the same number of sidecars
// of the same mesh, in turn. The sidecars are clients that speak as Istio's do (bench/istio/client), not Envoys.

const { values } = parseArgs({
  options: {
    sidecars: { type: 'string', default: '200' },
    services: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '5' },
  },
});
const rounds = Number(values.rounds);
const services = Number(values.services);

const program = buildFleet();
const istiod = await Istiod.start(meshObjects(services));
istiod.apply([virtualService(0)], 'virtual-service.yaml');
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
    const name = virtualService(round);
    note(
      'istiod',
      await ofIstiod.see(Buffer.from(`weights-${round}.`), () =>
        istiod.apply([name], 'virtual-service.yaml'),
      ),
    );
    const weight = Buffer.alloc(8);
    weight.writeDoubleLE(((round + 1) * RUNTIME_TOTAL) / 100);
    note('Penstock', await ofPenstock.see(weight, () => promote(penstock)));
  }
  const of = (by: string) => {
    const own = all.filter((each) => each.by === by);
    return { ms: middle(own.map(({ ms }) => ms)), bytes: middle(own.map(({ bytes }) => bytes)) };
  };
  const [theirs, ours] = [of('istiod'), of('Penstock')];
  console.log(
    `medians: istiod ${theirs.ms.toFixed(0)} ms, ${theirs.bytes} bytes; Penstock ${ours.ms.toFixed(1)} ms, ${ours.bytes} bytes`,
  );
  console.log(
    `1/${(theirs.ms / ours.ms).toFixed(0)} of the time (goal: 1/20), 1/${(theirs.bytes / ours.bytes).toFixed(0)} of the bytes (goal: 1/500)`,
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

function middle(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
