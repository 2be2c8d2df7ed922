import { startLoad } from '../../e2e/protection/load.ts';
import { until } from '../../e2e/translate/mesh.ts';
import { answers, fails, frame, type StandIn, startStandIn } from '../../e2e/translate/model-server.ts';
import { pass, type Row } from './figures.ts';
import { type Fleet, penstockFleet, poolSpecs, staticFleet } from './fleet.ts';

const PODS = 4;
const SIDECARS = 4;
const RATE = 200;
const SLEEP_S = 5;
const INTERNAL = 13;
const DOWN_MS = 4_000;
const STREAM_PATH = '/test.Model/Stream';

type Make = (pods: readonly number[], fallback: number) => Promise<Fleet>;

const specs = (pods: readonly number[], fallback: number) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: light}
spec:
  port: 9000
  versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${fallback}}]}}]
---${poolSpecs(pods, `breaker: {sleepWindow: ${SLEEP_S}s, fallback: {service: light}}`, 'timeouts: {request: 2m}')}`;

const MAKERS: readonly Make[] = [
  (pods, fallback) => penstockFleet(specs(pods, fallback), SIDECARS),
  (pods) => staticFleet({ name: 'Envoy, outlier detection tuned', outlier: 'tuned' }, pods, SIDECARS),
  (pods, fallbackPort) =>
    staticFleet({ name: 'Envoy, aggregate cluster', outlier: 'all', fallbackPort }, pods, SIDECARS),
];

/**
 * Everything fails, and comes back: how soon the fallback answers all, and how soon the service does again. All
 * fleets at the same time, each in front of pods of its own and with a fallback of its own.
 */
export async function outage(runs: number): Promise<readonly Row[]> {
  const seen: Awaited<ReturnType<typeof once>>[][] = [];
  for (let run = 0; run < runs; run++) seen.push(await Promise.all(MAKERS.map(once)));
  return MAKERS.flatMap((_, index): readonly Row[] => {
    const of = seen.flatMap((fleets) => fleets[index] ?? []);
    const name = of[0]?.name ?? '';
    return [
      { what: `${name}: opened, after the 20th failure`, unit: 's', values: of.map(({ open }) => open) },
      { what: `${name}: failures that callers saw`, unit: '', values: of.map(({ failures }) => failures) },
      { what: `${name}: fallback, from 1.5 s to the end`, unit: '%', values: of.map(({ share }) => share) },
      { what: `${name}: nothing but the model again after`, unit: 's', values: of.map(({ back }) => back) },
      { what: `${name}: open streams that ended`, unit: '', values: of.map(({ cut }) => cut) },
      { what: `${name}: calls lost`, unit: '', values: of.map(({ lost }) => lost) },
    ];
  });
}

async function once(make: Make) {
  const pods = await Promise.all(Array.from({ length: PODS }, (_, i) => startStandIn(`pod-${i}`)));
  const light = await startStandIn('light');
  all(pods, 0);
  const fleet = await make(
    pods.map(({ port }) => port),
    light.port,
  );
  const streams = fleet.callers.flatMap((caller) =>
    Array.from({ length: 5 }, () => caller.hold(fleet.authority, STREAM_PATH)),
  );
  const loads = fleet.callers.map((caller) => startLoad(caller, fleet.authority, RATE / SIDECARS));
  await pass(5_000);
  const failing = performance.now();
  all(pods, INTERNAL);
  await pass(DOWN_MS);
  const well = performance.now();
  all(pods, 0);
  const given = () => loads.flatMap((load) => load.answers);
  await until('the model answers all', () => settled(given(), well) !== undefined, 60_000);
  await Promise.all(loads.map((load) => load.stop()));
  const cut = streams.filter(({ ended }) => ended()).length;
  const failed = given()
    .filter(({ status, at }) => status === INTERNAL && at >= failing)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
  const later = given().filter(({ at }) => at >= failing + 1_500 && at < well);
  const back = settled(given(), well) ?? Number.NaN;
  const last = failed.filter((at) => at < well).at(-1) ?? Number.NaN;
  await fleet.stop();
  await Promise.all([...pods, light].map((pod) => pod.stop()));
  return {
    name: fleet.name,
    open: (last - (failed[19] ?? Number.NaN)) / 1000,
    failures: failed.length,
    share: (100 * later.filter(({ text }) => text === 'light').length) / Math.max(1, later.length),
    back,
    cut,
    lost: given().filter(({ status }) => status === undefined).length,
  };
}

/** Seconds from `well` to the last answer that the model did not give; undefined: it is not over for 2 s yet. */
function settled(
  given: readonly { readonly at: number; readonly text: string }[],
  well: number,
): number | undefined {
  const other = given.filter(({ at, text }) => at >= well && text !== 'model').map(({ at }) => at);
  const last = Math.max(well, ...other);
  return performance.now() - last > 2_000 ? (last - well) / 1000 : undefined;
}

function all(pods: readonly StandIn[], status: number): void {
  for (const pod of pods) {
    const usual = status === 0 ? answers('model') : fails(status);
    pod.behaviour = (stream, headers) => {
      if (headers[':path'] === STREAM_PATH) {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.write(frame(Buffer.from('token')));
      } else usual(stream, headers);
    };
  }
}
