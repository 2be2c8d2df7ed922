import { mergeObservations } from '../observation/merge.ts';
import type {
  EndpointObservation,
  ServiceObservation,
  VersionObservation,
} from '../observation/observation.ts';
import { knownValue } from '../observation/reading.ts';
import { quantileOf, sameBounds, totalCount } from '../stats/histogram.ts';
import type { DistributionStatus, VersionStatus } from './status.ts';

/** The latest observations of a service, for the rates that people are shown. */
export interface TrafficWindow {
  readonly looks: readonly ServiceObservation[];
}

export const EMPTY_WINDOW: TrafficWindow = { looks: [] };

/** Long enough to be steady at a request a second, short enough to show what happens now. */
const WINDOW_MS = 10_000;

/** Adds a look and forgets what is too old. */
export function addLook(window: TrafficWindow, look: ServiceObservation): TrafficWindow {
  const recent = window.looks.filter(({ at }) => Math.abs(look.at - at) <= WINDOW_MS);
  return { looks: [...recent, look] };
}

/** What a version does now, per second and in percent; undefined where nothing is known. */
export interface Traffic {
  readonly requestsPerSecond: number | undefined;
  readonly errorPercent: number | undefined;
  readonly latencyMs: VersionStatus['latencyMs'];
  readonly endpoints: ReadonlyMap<string, EndpointTraffic>;
}

export interface EndpointTraffic {
  readonly requestsPerSecond: number | undefined;
  readonly errorPercent: number | undefined;
  readonly inFlight: number | undefined;
}

/** The traffic of every version of the window's service. */
export function trafficOf(window: TrafficWindow): ReadonlyMap<string, Traffic> {
  const sum = sumOf(window);
  if (sum === undefined) return new Map();
  return new Map(
    [...sum.whole.versions].map(([name, version]) => [name, versionTraffic(version, sum.seconds)]),
  );
}

/** What two versions measured, laid over each other; nothing where their buckets differ. */
export function distributionsOf(
  window: TrafficWindow,
  stable: string,
  candidate: string,
): readonly DistributionStatus[] {
  const versions = sumOf(window)?.whole.versions;
  const measures = [
    { name: 'latency', unit: 'ms', of: (version: VersionObservation) => version.latencyMs },
    { name: 'scores', unit: '', of: (version: VersionObservation) => version.scores },
  ];
  return measures.flatMap(({ name, unit, of }) => {
    const [a, b] = [stable, candidate].map((each) => {
      const version = versions?.get(each);
      return version && knownValue(of(version));
    });
    if (a === undefined || b === undefined || !sameBounds(a.bounds, b.bounds)) return [];
    return [{ name, unit, bounds: a.bounds, stable: a.counts, candidate: b.counts }];
  });
}

/** The first look opens the window: its increments lie before it. */
function sumOf({
  looks,
}: TrafficWindow): { readonly whole: ServiceObservation; readonly seconds: number } | undefined {
  const [first, second, ...others] = looks;
  if (first === undefined || second === undefined) return undefined;
  const whole = others.reduce(mergeObservations, second);
  return { whole, seconds: Math.max(0.001, (whole.at - first.at) / 1000) };
}

function versionTraffic(version: VersionObservation, seconds: number): Traffic {
  const latency = knownValue(version.latencyMs);
  return {
    ...rates(version, seconds),
    latencyMs:
      latency === undefined || totalCount(latency) === 0
        ? undefined
        : { p50: quantileOf(latency, 0.5), p95: quantileOf(latency, 0.95), p99: quantileOf(latency, 0.99) },
    endpoints: new Map(
      version.endpoints.map((each) => [
        each.address,
        { ...rates(each, seconds), inFlight: knownValue(each.inFlight) },
      ]),
    ),
  };
}

function rates({ requests }: Pick<VersionObservation | EndpointObservation, 'requests'>, seconds: number) {
  const counts = knownValue(requests);
  if (counts === undefined) return { requestsPerSecond: undefined, errorPercent: undefined };
  return {
    requestsPerSecond: counts.requests / seconds,
    errorPercent: counts.requests === 0 ? undefined : (100 * counts.failures) / counts.requests,
  };
}
