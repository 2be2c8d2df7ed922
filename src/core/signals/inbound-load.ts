import type { LoadReport } from './load-report.ts';

/** The newest report of a sidecar in front of a model server. */
interface InboundLoad {
  readonly at: number;
  readonly intervalMs: number;
  /** Requests a second that it let through to its model server. */
  readonly servedPerSecond: number;
}

/** By node id; a plain value. */
export type InboundBook = ReadonlyMap<string, InboundLoad>;

export const EMPTY_INBOUND: InboundBook = new Map();

/** A reporter that missed so many reports is lost. */
const FRESH_INTERVALS = 3;
const FORGET_AFTER_MS = 60_000;
/** Clusters of inbound sidecars are named so. */
const INBOUND = 'inbound/';

/** Takes note of the reports of inbound sidecars; others are not looked at. */
export function addInboundReports(
  book: InboundBook,
  reports: readonly LoadReport[],
  nowMs: number,
): InboundBook {
  const inbound = reports.filter(({ role }) => role === 'inbound');
  if (inbound.length === 0 && book.size === 0) return book;
  const next = new Map([...book].filter(([, { at }]) => nowMs - at <= FORGET_AFTER_MS));
  for (const report of inbound) next.set(report.nodeId, rateOf(report, next.get(report.nodeId)));
  return next;
}

/** Requests a second that a sidecar lets through now; undefined: it does not report, or not any more. */
export function servedPerSecond(book: InboundBook, nodeId: string, nowMs: number): number | undefined {
  const load = book.get(nodeId);
  if (load === undefined || nowMs - load.at > FRESH_INTERVALS * load.intervalMs) return undefined;
  return load.servedPerSecond;
}

/**
 * Reports come late and early: what counts is the time that the sidecar measured; where it does not tell, that between
 * two of them, if it is believable.
 */
function rateOf({ at, intervalMs, clusters }: LoadReport, before: InboundLoad | undefined): InboundLoad {
  const sinceMs = at - (before?.at ?? Number.NEGATIVE_INFINITY);
  const spanMs = sinceMs > intervalMs / 2 && sinceMs < 2 * intervalMs ? sinceMs : intervalMs;
  const served = clusters
    .filter(({ cluster }) => cluster.startsWith(INBOUND))
    .map(({ endpoints, spanMs: measuredMs = spanMs }) => {
      const ended = endpoints.reduce((sum, { successes, errors }) => sum + successes + errors, 0);
      return (1000 * ended) / measuredMs;
    });
  return { at, intervalMs, servedPerSecond: served.reduce((sum, each) => sum + each, 0) };
}
