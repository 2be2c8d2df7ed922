import type {
  EndpointObservation,
  HistogramCounts,
  RequestCounts,
  ServiceObservation,
  VersionObservation,
} from './observation.ts';
import type { Reading } from './reading.ts';

/**
 * Two consecutive observations as one: increments are summed, levels are the later ones. A policy that looks
 * less often than observations are made loses nothing that way. A gap in one of the two is not hidden by
 * the other: what counts is the later one's kind, with the increments of both.
 */
export function mergeObservations(
  earlier: ServiceObservation,
  later: ServiceObservation,
): ServiceObservation {
  const versions = new Map<string, VersionObservation>();
  for (const [name, version] of later.versions) {
    const before = earlier.versions.get(name);
    versions.set(name, before === undefined ? version : mergeVersions(before, version));
  }
  return { ...later, versions, queries: new Map([...earlier.queries, ...later.queries]) };
}

function mergeVersions(earlier: VersionObservation, later: VersionObservation): VersionObservation {
  const endpoints = new Map(earlier.endpoints.map((each) => [each.address, each]));
  return {
    requests: mergeReadings(earlier.requests, later.requests, addRequests),
    latencyMs: mergeReadings(earlier.latencyMs, later.latencyMs, addHistograms),
    scores: mergeReadings(earlier.scores, later.scores, addHistograms),
    endpoints: later.endpoints.map((each): EndpointObservation => {
      const before = endpoints.get(each.address);
      if (before === undefined) return each;
      return { ...each, requests: mergeReadings(before.requests, each.requests, addRequests) };
    }),
    sources: later.sources,
  };
}

function mergeReadings<T>(earlier: Reading<T>, later: Reading<T>, add: (a: T, b: T) => T): Reading<T> {
  if (earlier.kind !== 'value' || later.kind !== 'value') return later;
  return { ...later, value: add(earlier.value, later.value) };
}

function addRequests(a: RequestCounts, b: RequestCounts): RequestCounts {
  return { requests: a.requests + b.requests, failures: a.failures + b.failures };
}

/** Histograms of other bounds cannot be added; the later one then stands for both. */
function addHistograms(a: HistogramCounts, b: HistogramCounts): HistogramCounts {
  const sameBounds =
    a.bounds.length === b.bounds.length && a.bounds.every((bound, i) => bound === b.bounds[i]);
  if (!sameBounds) return b;
  return { bounds: b.bounds, counts: b.counts.map((count, i) => count + (a.counts[i] ?? 0)) };
}
