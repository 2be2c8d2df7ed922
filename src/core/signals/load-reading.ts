import type { ModelService } from '../api/model-service.ts';
import type { EndpointObservation, RequestCounts } from '../observation/observation.ts';
import type { Reading } from '../observation/reading.ts';
import { bypassClusterName } from '../translate/names.ts';
import {
  addTallies,
  type EndpointTally,
  inFlightOf,
  type LoadBook,
  type ReporterSight,
  requestsOf,
} from './load-aggregate.ts';
import { clusterOf } from './service-series.ts';

/** ORCA metrics that tell a utilisation where none of the service's own names is reported. */
const OTHER_UTILIZATIONS = ['application_utilization', 'cpu_utilization'];

/** ORCA metrics that tell how many requests wait in the model server. */
const QUEUES = ['named_metrics.queue', 'named_metrics.queue_depth'];

/** ORCA metrics that tell how long an answer took in the model server, ms. */
const LATENCIES = ['named_metrics.latency_ms'];

/** A level without news for so long is stale: at low traffic an answer that carries it is rare. */
const LEVEL_FRESH_MS = 10_000;

/** The clusters of a service in load reports: calls that bypass its breaker have one of their own. */
export function loadClustersOf(service: ModelService): readonly string[] {
  return service.spec.versions.flatMap(({ name }) => {
    const cluster = clusterOf(service, name);
    return [cluster, bypassClusterName(cluster)];
  });
}

/** Requests of a version since the previous look. A version without traffic is a zero while callers report. */
export function readLoad(book: LoadBook, cluster: string, sight: ReporterSight): Reading<RequestCounts> {
  if (sight.at !== undefined) return { kind: 'value', value: requestsOf(book, cluster), at: sight.at };
  return absentLoad(book, sight);
}

/** An endpoint's calls are all that it gets, those that bypass the breaker too. */
function mergedTallies(book: LoadBook, cluster: string): ReadonlyMap<string, EndpointTally> {
  const merged = new Map(book.clusters.get(cluster));
  for (const [address, tally] of book.clusters.get(bypassClusterName(cluster)) ?? []) {
    const known = merged.get(address);
    merged.set(address, known === undefined ? tally : addTallies(known, tally));
  }
  return merged;
}

/** What load reports tell of each endpoint of a version, besides those that are known from elsewhere. */
export function readEndpoints(
  book: LoadBook,
  service: ModelService,
  cluster: string,
  sight: ReporterSight,
  known: readonly string[],
  nowMs: number,
): readonly EndpointObservation[] {
  const tallies = mergedTallies(book, cluster);
  const inFlight = inFlightOf(book, [cluster, bypassClusterName(cluster)], nowMs);
  const seen = <T>(value: T): Reading<T> =>
    sight.at === undefined ? absentLoad(book, sight) : { kind: 'value', value, at: sight.at };
  return [...new Set([...known, ...tallies.keys()])].sort().map((address) => {
    const tally = tallies.get(address);
    const level = (groups: readonly (readonly string[])[]) => readLevel(tally, groups, nowMs);
    return {
      address,
      requests: seen({
        requests: tally?.requests ?? 0,
        failures: tally?.failures ?? 0,
        abandoned: tally?.abandoned ?? 0,
      }),
      inFlight: seen(inFlight.get(address) ?? 0),
      utilization: level([service.spec.loadBalancing.utilizationMetrics, OTHER_UTILIZATIONS]),
      queue: level([QUEUES]),
      latencyMs: level([LATENCIES]),
    };
  });
}

/** Which reporters were read, for people. */
export function describeReporters({ fresh, lost }: ReporterSight): string {
  const sidecars = `load reports of ${fresh.length} ${fresh.length === 1 ? 'sidecar' : 'sidecars'}`;
  if (lost.length === 0) return sidecars;
  const named = lost.slice(0, 3).join(', ');
  return `${sidecars}; lost: ${named}${lost.length > 3 ? ` and ${lost.length - 3} more` : ''}`;
}

function absentLoad(book: LoadBook, sight: ReporterSight): Reading<never> {
  const lastAt = Math.max(...[...book.reporters.values()].map(({ at }) => at));
  if (sight.lost.length === 0)
    return { kind: 'missing', detail: 'no sidecar of a caller sends load reports' };
  return {
    kind: 'stale',
    lastAt,
    detail: `no load reports any more from ${sight.lost.slice(0, 3).join(', ')}`,
  };
}

/** The greatest of the first group of metrics of which any is reported. */
function readLevel(
  tally: EndpointTally | undefined,
  groups: readonly (readonly string[])[],
  nowMs: number,
): Reading<number> {
  for (const names of groups) {
    const levels = names.flatMap((name) => levelOf(tally, name) ?? []);
    if (levels.length === 0) continue;
    const value = Math.max(...levels.map(({ mean }) => mean));
    const at = Math.max(...levels.map((level) => level.at));
    if (!Number.isFinite(value)) return { kind: 'invalid', at, detail: `${names.join(', ')} is ${value}` };
    if (nowMs - at <= LEVEL_FRESH_MS) return { kind: 'value', value, at };
    return { kind: 'stale', lastAt: at, detail: `no answer carried ${names.join(' or ')} since` };
  }
  return { kind: 'missing', detail: `no answer carried ${groups.flat().join(' or ')}` };
}

function levelOf(tally: EndpointTally | undefined, name: string) {
  const sum = tally?.metrics.get(name);
  if (tally && sum && sum.count > 0) return { mean: sum.total / sum.count, at: tally.seenAt };
  return tally?.lastMeans.get(name);
}
