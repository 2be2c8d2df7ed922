import type { NodeDescriptor } from '../ir/node.ts';
import type { HistogramCounts } from '../observation/observation.ts';

/**
 * What one sidecar's metrics sink told, as plain values, once each flush of its statistics (1 s): latencies of its
 * clusters as increments since its previous message, and counters of its limits since it started.
 */
export interface LatencyReport {
  readonly nodeId: string;
  /** Only callers (`outbound`, `proxyless`) see what a caller waits for. */
  readonly role: NodeDescriptor['kind'];
  /** When it was received, ms since the epoch by this process's clock. */
  readonly at: number;
  readonly clusters: readonly ClusterLatency[];
  /** Of sidecars in front of model servers. */
  readonly limits?: readonly LimitCounts[];
}

/** Counters of one limit's filter in one sidecar, since that sidecar started. */
export interface LimitCounts {
  /** What stands before the counters' names: `NAMESPACE/SERVICE/KIND/LIMIT`, as `names.ts` makes it. */
  readonly prefix: string;
  /** `enabled`: requests that came by; absent: not in this message. */
  readonly seen?: number;
  /** `rate_limited`: those that found no token. */
  readonly limited?: number;
  /** `enforced`: those that were refused for it. */
  readonly refused?: number;
}

/** Latencies of one cluster's answered requests (`upstream_rq_time`), ms. */
export interface ClusterLatency {
  /** `NAMESPACE/SERVICE/VERSION`, or `inbound/NAMESPACE/SERVICE/VERSION` */
  readonly cluster: string;
  readonly histogram: HistogramCounts;
  readonly sumMs: number;
}

/** Latencies of one version over all sidecars that reported, within a window. */
export interface VersionLatency {
  readonly histogram: HistogramCounts;
  readonly sumMs: number;
  /** When the newest report in it was received, ms since the epoch. */
  readonly newestAt: number;
}

/** What is kept of reports: one sum for each version and second, however many sidecars report. */
export type LatencyWindow = ReadonlyMap<string, readonly LatencySlice[]>;

interface LatencySlice {
  /** The second that it began in, ms since the epoch. */
  readonly from: number;
  readonly latency: VersionLatency;
}

const SLICE_MS = 1_000;
/** Clusters that are kept; a sidecar that invents more costs no more memory. */
const CLUSTERS = 20_000;

/** The window with a report taken in, and what is older than `keptMs` forgotten in the clusters concerned. */
export function addReport(window: LatencyWindow, report: LatencyReport, keptMs: number): LatencyWindow {
  if (report.role === 'inbound') return window;
  const from = report.at - (report.at % SLICE_MS);
  const next = new Map(window);
  for (const { cluster, histogram, sumMs } of report.clusters) {
    const slices = next.get(cluster);
    if (slices === undefined && next.size >= CLUSTERS) continue;
    const kept = (slices ?? []).filter((slice) => slice.from > report.at - keptMs);
    const own = kept.find((slice) => slice.from === from);
    const added = { histogram, sumMs, newestAt: report.at };
    const latency = own ? merged(own.latency, added) : added;
    next.set(cluster, [...kept.filter((slice) => slice !== own), { from, latency }]);
  }
  return next;
}

/** Latencies of a version since a time; undefined where nothing was reported since. */
export function latencySince(
  window: LatencyWindow,
  cluster: string,
  since: number,
): VersionLatency | undefined {
  const slices = (window.get(cluster) ?? []).filter(({ from }) => from + SLICE_MS > since);
  return slices
    .map(({ latency }) => latency)
    .reduce<VersionLatency | undefined>((sum, latency) => (sum ? merged(sum, latency) : latency), undefined);
}

function merged(a: VersionLatency, b: VersionLatency): VersionLatency {
  return {
    histogram: mergeHistograms(a.histogram, b.histogram),
    sumMs: a.sumMs + b.sumMs,
    newestAt: Math.max(a.newestAt, b.newestAt),
  };
}

/** The sum of two, under the bounds that both have: there it is exact. */
export function mergeHistograms(a: HistogramCounts, b: HistogramCounts): HistogramCounts {
  const bounds = a.bounds.filter((bound) => b.bounds.includes(bound));
  const one = within(a, bounds);
  const other = within(b, bounds);
  return { bounds, counts: one.map((count, i) => count + (other[i] ?? 0)) };
}

/** Counts of a histogram under fewer bounds. */
function within({ bounds, counts }: HistogramCounts, fewer: readonly number[]): number[] {
  const out = Array<number>(fewer.length + 1).fill(0);
  let at = 0;
  counts.forEach((count, i) => {
    const bound = bounds[i] ?? Number.POSITIVE_INFINITY;
    while (at < fewer.length && (fewer[at] ?? 0) < bound) at++;
    out[at] = (out[at] ?? 0) + count;
  });
  return out;
}
