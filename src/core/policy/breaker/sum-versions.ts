import type { HistogramCounts, VersionObservation } from '../../observation/observation.ts';
import type { Reading } from '../../observation/reading.ts';
import { addCounts } from '../../stats/arms.ts';
import { addHistograms } from '../../stats/histogram.ts';
import type { BreakerObservation } from './decision.ts';

/**
 * A whole service as one breaker sees it: all its versions together. One that cannot be read leaves the others
 * to judge by; only when none can be read is there nothing.
 */
export function sumVersions(versions: readonly VersionObservation[]): BreakerObservation {
  return {
    requests: sumReadings(
      versions.map((version) => version.requests),
      addCounts,
    ),
    latencyMs: sumReadings<HistogramCounts>(
      versions.map((version) => version.latencyMs),
      addHistograms,
    ),
  };
}

function sumReadings<T>(readings: readonly Reading<T>[], add: (a: T, b: T) => T): Reading<T> {
  const values = readings.filter((reading) => reading.kind === 'value');
  const first = values[0];
  if (first === undefined) return readings[0] ?? { kind: 'missing', detail: 'the service has no versions' };
  return values
    .slice(1)
    .reduce(
      (sum, next) => ({ kind: 'value', value: add(sum.value, next.value), at: Math.max(sum.at, next.at) }),
      first,
    );
}
