import type { HistogramCounts } from '../observation/observation.ts';
import type { Reading } from '../observation/reading.ts';
import { type LatencyReport, mergeHistograms } from './latency-report.ts';

/** What sidecars have pushed of latencies since it was last drained. Plain values. */
export interface PushedBook {
  /** Callers' sidecars by node id. */
  readonly pushers: ReadonlyMap<string, Pusher>;
  /** By cluster; a cluster of which nothing was ever pushed is not in it. */
  readonly clusters: ReadonlyMap<string, PushedLatency>;
}

interface Pusher {
  readonly at: number;
  /** Time between its last two messages, ms. */
  readonly intervalMs: number;
}

interface PushedLatency {
  /** Over the bounds that every push so far had: a reader adds up look by look, and must not find others each time. */
  readonly histogram: HistogramCounts;
  readonly seenAt: number;
}

/** Who pushes now, and who did until lately. */
export interface PusherSight {
  readonly fresh: readonly string[];
  readonly lost: readonly string[];
  /** Newest message of a fresh one. */
  readonly at: number | undefined;
}

export const EMPTY_PUSHED: PushedBook = { pushers: new Map(), clusters: new Map() };

/** A sidecar that missed so many pushes is lost, as with load reports. */
const FRESH_INTERVALS = 3;
/** How often a sidecar pushes that has pushed once: Envoy's own `stats_flush_interval`, where none is set. */
const ASSUMED_INTERVAL_MS = 5_000;
/** Messages closer than this are parts of one push. */
const SHORTEST_INTERVAL_MS = 100;
const LONGEST_INTERVAL_MS = 10_000;
/** A lost sidecar is named for so long; then it is taken for gone and forgotten. */
const FORGET_PUSHER_MS = 60_000;

/** Adds what was pushed. Clusters that are not watched are not kept, nor what sidecars in front of servers see. */
export function addPushed(
  book: PushedBook,
  reports: readonly LatencyReport[],
  watched: ReadonlySet<string>,
  nowMs: number,
): PushedBook {
  const pushers = new Map(book.pushers);
  const clusters = new Map([...book.clusters].filter(([cluster]) => watched.has(cluster)));
  for (const { role, nodeId, at, clusters: pushed } of reports) {
    if (role === 'inbound') continue;
    pushers.set(nodeId, pusherAfter(pushers.get(nodeId), at));
    for (const { cluster, histogram } of pushed) {
      if (!watched.has(cluster)) continue;
      const known = clusters.get(cluster);
      clusters.set(cluster, {
        histogram: known ? mergeHistograms(known.histogram, histogram) : histogram,
        seenAt: Math.max(known?.seenAt ?? 0, at),
      });
    }
  }
  for (const [nodeId, pusher] of pushers) {
    if (nowMs - pusher.at - FRESH_INTERVALS * pusher.intervalMs > FORGET_PUSHER_MS) pushers.delete(nodeId);
  }
  return { pushers, clusters };
}

export function sightPushers({ pushers }: PushedBook, nowMs: number): PusherSight {
  const fresh: string[] = [];
  const lost: string[] = [];
  let newest: number | undefined;
  for (const [nodeId, { at, intervalMs }] of pushers) {
    if (nowMs - at > FRESH_INTERVALS * intervalMs) lost.push(nodeId);
    else {
      fresh.push(nodeId);
      newest = Math.max(newest ?? 0, at);
    }
  }
  return { fresh, lost, at: newest };
}

/**
 * Latencies of a version since the drain. While sidecars push, a version of which nothing new came had no answers:
 * that is a zero. One of which nothing ever came is missing, and one whose buckets were not sent is no histogram.
 */
export function readPushed(book: PushedBook, cluster: string, sight: PusherSight): Reading<HistogramCounts> {
  const known = book.clusters.get(cluster);
  if (sight.at === undefined) {
    if (sight.lost.length === 0)
      return { kind: 'missing', detail: 'no sidecar of a caller pushes latencies' };
    const lastAt = Math.max(...Array.from(book.pushers.values(), ({ at }) => at));
    const detail = `no latencies any more from ${sight.lost.slice(0, 3).join(', ')}`;
    return { kind: 'stale', lastAt, detail };
  }
  if (!known) return { kind: 'missing', detail: `no sidecar has pushed a latency of ${cluster} yet` };
  if (known.histogram.bounds.length === 0) {
    const detail = 'pushed without buckets in common; set histogram_emit_mode: HISTOGRAM and equal buckets';
    return { kind: 'invalid', at: known.seenAt, detail };
  }
  return { kind: 'value', value: known.histogram, at: sight.at };
}

/** The book without what was counted of these clusters: it has been told. */
export function drainPushed(book: PushedBook, drained: readonly string[]): PushedBook {
  const clusters = new Map(book.clusters);
  for (const cluster of drained) {
    const known = clusters.get(cluster);
    if (!known) continue;
    const { bounds, counts } = known.histogram;
    clusters.set(cluster, { ...known, histogram: { bounds, counts: counts.map(() => 0) } });
  }
  return { ...book, clusters };
}

/** Who was read, for people. */
export function describePushers({ fresh, lost }: PusherSight): string {
  const sidecars = `latencies pushed by ${fresh.length} ${fresh.length === 1 ? 'sidecar' : 'sidecars'}`;
  if (lost.length === 0) return sidecars;
  const named = lost.slice(0, 3).join(', ');
  return `${sidecars}; lost: ${named}${lost.length > 3 ? ` and ${lost.length - 3} more` : ''}`;
}

function pusherAfter(before: Pusher | undefined, at: number): Pusher {
  if (!before) return { at, intervalMs: ASSUMED_INTERVAL_MS };
  const spacing = at - before.at;
  if (spacing < SHORTEST_INTERVAL_MS) return { ...before, at: Math.max(at, before.at) };
  return { at, intervalMs: Math.min(spacing, LONGEST_INTERVAL_MS) };
}
