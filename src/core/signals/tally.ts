import type { ModelService } from '../api/model-service.ts';
import type { RequestCounts } from '../observation/observation.ts';
import { type CounterBook, countSamples, EMPTY_BOOK, type Increment } from './counter-book.ts';
import { isFailedCode, isFailedGrpcStatus } from './failure.ts';
import type { Labels, Series } from './samples.ts';
import type { SeriesFamily, Subject } from './service-series.ts';

/** What one query has told since it was last drained. Plain values. */
export interface Tally {
  readonly book: CounterBook;
  /** By `subjectKey`. */
  readonly requests: ReadonlyMap<string, RequestCounts>;
  /** By `subjectKey`, then by group of the book. */
  readonly histograms: ReadonlyMap<string, ReadonlyMap<string, HistogramTally>>;
  /** What was scraped before this is another source's or nobody's; Prometheus's clock. */
  readonly countFrom: number;
}

/** One target's histogram: growth of each cumulative bucket by its `le`, and of the sum. */
export interface HistogramTally {
  readonly labels: Labels;
  readonly buckets: ReadonlyMap<string, number>;
  readonly sum: number;
}

export const EMPTY_TALLY: Tally = {
  book: EMPTY_BOOK,
  requests: new Map(),
  histograms: new Map(),
  countFrom: Number.NEGATIVE_INFINITY,
};

export function subjectKey({ vantage, version }: Subject): string {
  return `${vantage} ${version}`;
}

/** Adds the answer of one look. `lookedAt` is by Prometheus's clock. */
export function tallyAnswer(
  tally: Tally,
  family: SeriesFamily,
  service: ModelService,
  answer: readonly Series[],
  lookedAt: number,
): Tally {
  const counted = countSamples(tally.book, answer, lookedAt, family.rules);
  const increments = counted.increments.filter(({ from }) => from >= tally.countFrom);
  return {
    ...tally,
    book: counted.book,
    ...(family.measure === 'requests'
      ? { requests: addRequests(tally.requests, increments, family, service) }
      : { histograms: addHistograms(tally.histograms, increments, family, service) }),
  };
}

/** The same without what was counted: it has been told. */
export function drainTally(tally: Tally): Tally {
  return { ...tally, requests: new Map(), histograms: new Map() };
}

/** Drained, and whatever was scraped before `at` (Prometheus's clock) will not be told either. */
export function rebaseTally(tally: Tally, at: number): Tally {
  return { ...drainTally(tally), countFrom: at };
}

/** How a counter of finished requests speaks of them; undefined for other series. */
export function outcomeOf(labels: Labels): 'success' | 'failure' | undefined {
  const name = labels.__name__ ?? '';
  const grpc = /^envoy_cluster_grpc_(\d+)$/.exec(name);
  if (grpc) return isFailedGrpcStatus(Number(grpc[1])) ? 'failure' : 'success';
  if (name === 'envoy_cluster_upstream_rq_xx') {
    if (labels.envoy_response_code_class === '1') return undefined;
    return labels.envoy_response_code_class === '5' ? 'failure' : 'success';
  }
  if (name === 'model_requests_total') return isFailedCode(labels.code ?? '') ? 'failure' : 'success';
  return undefined;
}

function addRequests(
  before: Tally['requests'],
  increments: readonly Increment[],
  family: SeriesFamily,
  service: ModelService,
): Tally['requests'] {
  const requests = new Map(before);
  for (const { labels, delta } of increments) {
    const outcome = outcomeOf(labels);
    const subject = family.subjectOf(service, labels);
    if (outcome === undefined || subject === undefined) continue;
    const key = subjectKey(subject);
    const sum = requests.get(key) ?? { requests: 0, failures: 0 };
    requests.set(key, {
      requests: sum.requests + delta,
      failures: sum.failures + (outcome === 'failure' ? delta : 0),
    });
  }
  return requests;
}

function addHistograms(
  before: Tally['histograms'],
  increments: readonly Increment[],
  family: SeriesFamily,
  service: ModelService,
): Tally['histograms'] {
  const subjects = new Map<
    string,
    Map<string, { labels: Labels; buckets: Map<string, number>; sum: number }>
  >();
  for (const [key, targets] of before) {
    const copies = [...targets].map(
      ([group, one]) => [group, { ...one, buckets: new Map(one.buckets) }] as const,
    );
    subjects.set(key, new Map(copies));
  }
  for (const { group, labels, delta } of increments) {
    const subject = family.subjectOf(service, labels);
    const isSum = labels.__name__?.endsWith('_sum') === true;
    if (subject === undefined || (labels.le === undefined && !isSum)) continue;
    const targets = getOrAdd(subjects, subjectKey(subject), () => new Map());
    const target = getOrAdd(targets, group, () => ({ labels, buckets: new Map<string, number>(), sum: 0 }));
    if (labels.le === undefined) target.sum += delta;
    else target.buckets.set(labels.le, (target.buckets.get(labels.le) ?? 0) + delta);
  }
  return subjects;
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const present = map.get(key);
  if (present !== undefined) return present;
  const added = create();
  map.set(key, added);
  return added;
}
