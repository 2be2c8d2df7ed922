import { addCounts } from '../stats/arms.ts';
import { addHistograms } from '../stats/histogram.ts';
import type { EndpointObservation, ServiceObservation, VersionObservation } from './observation.ts';
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
    requests: mergeReadings(earlier.requests, later.requests, addCounts),
    latencyMs: mergeReadings(earlier.latencyMs, later.latencyMs, addHistograms),
    scores: mergeReadings(earlier.scores, later.scores, addHistograms),
    endpoints: later.endpoints.map((each): EndpointObservation => {
      const before = endpoints.get(each.address);
      if (before === undefined) return each;
      return { ...each, requests: mergeReadings(before.requests, each.requests, addCounts) };
    }),
    sources: later.sources,
  };
}

function mergeReadings<T>(earlier: Reading<T>, later: Reading<T>, add: (a: T, b: T) => T): Reading<T> {
  if (earlier.kind !== 'value' || later.kind !== 'value') return later;
  return { ...later, value: add(earlier.value, later.value) };
}
