import { startLoad } from '../../e2e/protection/load.ts';
import { until } from '../../e2e/translate/mesh.ts';
import { answers, fails, type StandIn, startStandIn } from '../../e2e/translate/model-server.ts';
import { pass, type Row } from './figures.ts';
import { penstockFleet, poolSpecs } from './fleet.ts';

const PODS = 4;
const SIDECARS = 4;
const RATE = 200;
const SLEEP_S = 5;
const INTERNAL = 13;

/** Everything fails, and comes back: how soon the fallback answers all, and how soon the service does again. */
export async function outage(runs: number): Promise<readonly Row[]> {
  const seen: Awaited<ReturnType<typeof once>>[] = [];
  for (let run = 0; run < runs; run++) seen.push(await once());
  return [
    {
      what: 'last failure seen by a caller, after the first',
      unit: 's',
      values: seen.map(({ last }) => last),
    },
    { what: 'callers that got the fallback while open', unit: '%', values: seen.map(({ share }) => share) },
    {
      what: `closed again, after it was well (sleep ${SLEEP_S} s)`,
      unit: 's',
      values: seen.map(({ back }) => back),
    },
    { what: 'calls lost (neither answer nor fallback)', unit: '', values: seen.map(({ lost }) => lost) },
  ];
}

async function once() {
  const pods = await Promise.all(Array.from({ length: PODS }, (_, i) => startStandIn(`pod-${i}`)));
  const breaker = `breaker: {sleepWindow: ${SLEEP_S}s, fallback: {response: {message: later}}}`;
  const specs = poolSpecs(
    pods.map(({ port }) => port),
    breaker,
  );
  const fleet = await penstockFleet(specs, SIDECARS);
  const loads = fleet.callers.map((caller) => startLoad(caller, fleet.authority, RATE / SIDECARS));
  await pass(5_000);
  all(pods, INTERNAL);
  const phase = async () => (await fleet.world?.list('breakers'))?.[0]?.phase;
  await until('it opens', async () => (await phase()) === 'OPEN');
  await pass(500);
  const open = performance.now();
  await pass(2_000);
  const closing = performance.now();
  all(pods, 0);
  await until('it closes', async () => (await phase()) === 'CLOSED', 60_000);
  const back = (performance.now() - closing) / 1000;
  await Promise.all(loads.map((load) => load.stop()));
  const given = loads.flatMap((load) => load.answers);
  const failed = given.filter(({ status }) => status === INTERNAL).map(({ at }) => at);
  const whileOpen = given.filter(({ at }) => at >= open && at < closing);
  const fallen = whileOpen.filter(({ fallback }) => fallback === 'response');
  await fleet.stop();
  await Promise.all(pods.map((pod) => pod.stop()));
  return {
    last: (Math.max(...failed) - Math.min(...failed)) / 1000,
    share: (100 * fallen.length) / Math.max(1, whileOpen.length),
    back,
    lost: given.filter(({ status }) => status === undefined).length,
  };
}

function all(pods: readonly StandIn[], status: number): void {
  for (const pod of pods) pod.behaviour = status === 0 ? answers('well') : fails(status);
}
