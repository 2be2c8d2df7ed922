import type { ModelService } from '../api/model-service.ts';
import type { HistogramCounts, RequestCounts } from '../observation/observation.ts';
import type { Reading } from '../observation/reading.ts';
import { mergeBuckets } from './histogram.ts';
import {
  chooseVantage,
  describeAbsence,
  describeSight,
  type FamilyTally,
  readSight,
} from './series-reading.ts';
import type { SeriesFamily } from './service-series.ts';
import { type HistogramTally, subjectKey } from './tally.ts';

/** A reading and where it was read, for people. */
export interface Sourced<T> {
  readonly reading: Reading<T>;
  readonly source: string;
}

/** What Prometheus tells of one version since the previous look. */
export interface SeriesObservation {
  readonly requests: Sourced<RequestCounts>;
  readonly latencyMs: Sourced<HistogramCounts>;
  readonly scores: Sourced<HistogramCounts>;
}

/** How Prometheus's clock and answers relate to ours. */
export interface PrometheusView {
  /** Prometheus's clock minus ours, ms. */
  readonly offsetMs: number;
  /** Why there may be no data, besides that nobody has any: `Prometheus at … unreachable since …`. */
  readonly problem: string | undefined;
}

/** Reads all versions of a service out of what its queries have told. */
export function readVersions(
  service: ModelService,
  tallies: readonly FamilyTally[],
  view: PrometheusView,
  nowMs: number,
): ReadonlyMap<string, SeriesObservation> {
  const measured = (measure: SeriesFamily['measure']) => {
    const of = tallies.filter(({ family }) => family.measure === measure);
    const sights = chooseVantage(service, of, nowMs + view.offsetMs);
    return { of, sights };
  };
  const requests = measured('requests');
  const latency = measured('latencyMs');
  const scores = measured('scores');
  const toLocal = (promMs: number) => promMs - view.offsetMs;

  const read = <T>(
    { of, sights }: ReturnType<typeof measured>,
    version: string,
    value: (tally: FamilyTally | undefined, key: string, service: ModelService) => T,
  ): Sourced<T> => {
    const sight = sights.find(({ subject }) => subject.version === version);
    if (sight === undefined) return absent(service, of, version, view);
    const tally = of.find(({ family }) => family === sight.family);
    const reading = readSight(sight, value(tally, subjectKey(sight.subject), service), toLocal);
    return { reading: withProblem(reading, view), source: describeSight(service, sight) };
  };

  return new Map(
    service.spec.versions.map(({ name }) => [
      name,
      {
        requests: read(
          requests,
          name,
          (of, key) => of?.tally.requests.get(key) ?? { requests: 0, failures: 0 },
        ),
        latencyMs: read(latency, name, histogramOf),
        scores: read(scores, name, histogramOf),
      },
    ]),
  );
}

/**
 * Mean latency of each instance since the previous look, ms, by what tells an instance: the sidecars in
 * front of them, else the model servers.
 */
export function instanceLatencies(
  tallies: readonly FamilyTally[],
  version: string,
): readonly { readonly labels: HistogramTally['labels']; readonly meanMs: number }[] {
  for (const vantage of ['inbound', 'server'] as const) {
    const means = tallies.flatMap(({ family, tally }) => {
      if (family.measure !== 'latencyMs') return [];
      return [...(tally.histograms.get(subjectKey({ vantage, version }))?.values() ?? [])].flatMap((one) => {
        const count = one.buckets.get('+Inf') ?? 0;
        return count > 0 ? [{ labels: one.labels, meanMs: (one.sum / count) * family.scale }] : [];
      });
    });
    if (means.length > 0) return means;
  }
  return [];
}

/**
 * Bounds are those that all known targets have in common, whether they have news or not: a reader adds up look
 * by look, and must not find other bounds each time.
 */
function histogramOf(of: FamilyTally | undefined, key: string, service: ModelService): HistogramCounts {
  if (of === undefined) return { bounds: [], counts: [0] };
  const grown = [...(of.tally.histograms.get(key)?.values() ?? [])].map(({ buckets }) => buckets);
  return mergeBuckets([...emptyBuckets(of, key, service), ...grown], of.family.scale);
}

/** One empty histogram for each set of bounds that is in use. */
function emptyBuckets({ family, tally }: FamilyTally, key: string, service: ModelService) {
  const shapes = new Map<string, ReadonlyMap<string, number>>();
  for (const { labels, series } of tally.book.groups.values()) {
    const subject = family.subjectOf(service, labels);
    if (subject === undefined || subjectKey(subject) !== key) continue;
    const bounds = [...series.values()].flatMap((one) => one.labels.le ?? []);
    if (bounds.length > 0) shapes.set(bounds.join(' '), new Map(bounds.map((le) => [le, 0])));
  }
  return [...shapes.values()];
}

function absent(
  service: ModelService,
  of: readonly FamilyTally[],
  version: string,
  view: PrometheusView,
): Sourced<never> {
  const measure = of[0]?.family.measure ?? 'requests';
  const detail = view.problem ?? describeAbsence(service, measure, version);
  return { reading: { kind: 'missing', detail }, source: 'none' };
}

function withProblem<T>(reading: Reading<T>, { problem }: PrometheusView): Reading<T> {
  return reading.kind === 'stale' && problem !== undefined ? { ...reading, detail: problem } : reading;
}
