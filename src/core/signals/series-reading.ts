import type { ModelService } from '../api/model-service.ts';
import type { Reading } from '../observation/reading.ts';
import { type CounterGroup, scrapeIntervalMs } from './counter-book.ts';
import type { Labels } from './samples.ts';
import {
  clusterOf,
  describeSeries,
  type SeriesFamily,
  type Subject,
  VANTAGES,
  type Vantage,
} from './service-series.ts';
import { outcomeOf, type Tally } from './tally.ts';

/** Older than this many scrapes is stale. */
const FRESH_SCRAPES = 3;

/** Prometheus's own default is 1m, most people's 15 s; used until two scrapes were seen. */
const ASSUMED_SCRAPE_INTERVAL_MS = 15_000;

/** One query and what it has told. */
export interface FamilyTally {
  readonly family: SeriesFamily;
  readonly tally: Tally;
}

/** How well a version is seen from one vantage; times by Prometheus's clock. */
export interface Sight {
  readonly subject: Subject;
  readonly family: SeriesFamily;
  readonly fresh: number;
  readonly stale: number;
  /** Newest scrape of all targets. */
  readonly at: number;
  /** Why nothing can be counted although there are series. */
  readonly defect: { readonly kind: 'invalid' | 'missing'; readonly detail: string } | undefined;
}

/**
 * From where a measure of a service is read: the best vantage from which any version is seen now, else from
 * which any was ever seen. One vantage for all versions: what is compared must be measured alike.
 */
export function chooseVantage(
  service: ModelService,
  tallies: readonly FamilyTally[],
  promNow: number,
): readonly Sight[] {
  const sights = tallies.flatMap((tally) => sightsOf(service, tally, promNow));
  const seenFrom = (vantage: Vantage, now: boolean) =>
    sights.some(({ subject, fresh }) => subject.vantage === vantage && (!now || fresh > 0));
  const vantage = VANTAGES.find((v) => seenFrom(v, true)) ?? VANTAGES.find((v) => seenFrom(v, false));
  return sights.filter(({ subject }) => subject.vantage === vantage);
}

/** The reading of one version: its value where it is seen now, else why there is none. */
export function readSight<T>(sight: Sight, value: T, toLocal: (promMs: number) => number): Reading<T> {
  const at = toLocal(sight.at);
  if (sight.fresh === 0) {
    const detail = `not scraped any more (${sight.stale} ${sight.stale === 1 ? 'target' : 'targets'})`;
    return { kind: 'stale', lastAt: at, detail };
  }
  if (sight.defect?.kind === 'invalid') return { kind: 'invalid', at, detail: sight.defect.detail };
  if (sight.defect) return { kind: 'missing', detail: sight.defect.detail };
  return { kind: 'value', value, at };
}

/** Where it was read, for people. */
export function describeSight(service: ModelService, sight: Sight): string {
  const series = describeSeries(service, sight.family.measure, sight.subject);
  const targets = `${sight.fresh} ${sight.fresh === 1 ? 'target' : 'targets'}`;
  return `Prometheus: ${series} of ${targets}${sight.stale > 0 ? `, ${sight.stale} more stale` : ''}`;
}

/** What was looked for and not found. */
export function describeAbsence(
  service: ModelService,
  measure: SeriesFamily['measure'],
  version: string,
): string {
  const server = describeSeries(service, measure, { vantage: 'server', version });
  if (measure === 'scores') return `no ${server} in Prometheus`;
  const sidecar = `envoy_cluster_${measure === 'requests' ? 'upstream_rq_total' : 'upstream_rq_time_bucket'}`;
  return `no ${sidecar}{envoy_cluster_name="${clusterOf(service, version)}"} of a sidecar and no ${server} in Prometheus`;
}

function sightsOf(service: ModelService, { family, tally }: FamilyTally, promNow: number): readonly Sight[] {
  const usualMs = usualInterval(tally.book.groups.values());
  const sights = new Map<string, Sight>();
  for (const group of tally.book.groups.values()) {
    const subject = family.subjectOf(service, group.labels);
    if (subject === undefined) continue;
    const key = `${subject.vantage} ${subject.version}`;
    const before = sights.get(key) ?? { subject, family, fresh: 0, stale: 0, at: 0, defect: undefined };
    const isFresh = promNow - group.at <= FRESH_SCRAPES * (scrapeIntervalMs(group) ?? usualMs);
    sights.set(key, {
      ...before,
      fresh: before.fresh + (isFresh ? 1 : 0),
      stale: before.stale + (isFresh ? 0 : 1),
      at: Math.max(before.at, group.at),
      defect: before.defect ?? (isFresh ? defectOf(service, family, group) : undefined),
    });
  }
  return [...sights.values()];
}

function usualInterval(groups: Iterable<CounterGroup>): number {
  const intervals = Array.from(groups, scrapeIntervalMs).filter((interval) => interval !== undefined);
  return intervals.length === 0 ? ASSUMED_SCRAPE_INTERVAL_MS : Math.max(...intervals);
}

function defectOf(service: ModelService, family: SeriesFamily, group: CounterGroup): Sight['defect'] {
  const all = [...group.series.values()];
  const counting = all.filter(({ labels }) => counts(family, labels));
  const unusable = counting.find((series) => (series.unusable?.at ?? 0) >= group.at);
  if (unusable?.unusable) {
    const { __name__, ...labels } = unusable.labels;
    const detail = `${__name__ ?? ''}${JSON.stringify(labels)} is ${unusable.unusable.value}, which no counter can be`;
    return { kind: 'invalid', detail };
  }
  if (counting.length > 0) return undefined;
  if (family.measure === 'scores')
    return { kind: 'missing', detail: 'the model server has counted no score yet' };
  const served = all.some(({ leads, point }) => leads && (point?.value ?? 0) > 0);
  if (family.id !== 'envoy-requests' || service.spec.protocol !== 'grpc' || !served) return undefined;
  return {
    kind: 'missing',
    detail:
      'the sidecar counts requests but no envoy_cluster_grpc_*: none has ended, or it lacks the grpc_stats filter',
  };
}

/** Others are there to prove that the target is alive. */
function counts(family: SeriesFamily, labels: Labels): boolean {
  return family.measure === 'requests' ? outcomeOf(labels) !== undefined : labels.le !== undefined;
}
