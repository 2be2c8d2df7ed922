import type { LimitLoad } from '../observation/inbound.ts';
import type { LatencyReport } from './latency-report.ts';

interface Flow {
  readonly at: number;
  readonly total: number;
  readonly perSecond: number;
}

type Counter = 'seen' | 'limited' | 'refused';
type Flows = ReadonlyMap<string, Flow>;

/** By node id, then by prefix and counter; a plain value. */
export type LimitBook = ReadonlyMap<string, { readonly at: number; readonly flows: Flows }>;

export const EMPTY_LIMITS: LimitBook = new Map();

const COUNTERS: readonly Counter[] = ['seen', 'limited', 'refused'];
/** Pushed each second; one that missed so much is not known any more. */
const FRESH_MS = 5_000;
const FORGET_AFTER_MS = 60_000;
/** Messages that come late come together: a rate over less than this tells nothing. */
const SHORTEST_MS = 500;

/** Takes note of what sidecars in front of model servers pushed of their limits. */
export function addLimitCounts(book: LimitBook, reports: readonly LatencyReport[], nowMs: number): LimitBook {
  const inbound = reports.filter(({ role }) => role === 'inbound');
  if (inbound.length === 0) return book;
  const next = new Map([...book].filter(([, { at }]) => nowMs - at <= FORGET_AFTER_MS));
  for (const { nodeId, at, limits = [] } of inbound) {
    const flows = new Map(next.get(nodeId)?.flows);
    for (const counts of limits) {
      for (const counter of COUNTERS) {
        const total = counts[counter];
        const key = `${counts.prefix} ${counter}`;
        if (total !== undefined) flows.set(key, flowAfter(flows.get(key), total, at));
      }
    }
    next.set(nodeId, { at, flows });
  }
  return next;
}

/** Counters only grow; one that is smaller than it was began anew. */
function flowAfter(before: Flow | undefined, total: number, at: number): Flow {
  if (before === undefined || total < before.total) return { at, total, perSecond: 0 };
  if (at - before.at < SHORTEST_MS) return before;
  return { at, total, perSecond: (1000 * (total - before.total)) / (at - before.at) };
}

/**
 * What a limit that counts by itself has to do in a sidecar; undefined: the sidecar does not tell, or not any more.
 * @param prefixes of its own filter, and of the counter beside it, before or after that
 */
export function limitLoadOf(
  book: LimitBook,
  nodeId: string,
  prefixes: { readonly limit: string; readonly offered: string; readonly admitted: string },
  nowMs: number,
): LimitLoad | undefined {
  const known = book.get(nodeId);
  if (known === undefined || nowMs - known.at > FRESH_MS) return undefined;
  const rate = (prefix: string, counter: Counter) => known.flows.get(`${prefix} ${counter}`)?.perSecond;
  const refused = rate(prefixes.limit, 'refused') ?? 0;
  if (rate(prefixes.offered, 'seen') !== undefined) {
    const offeredPerSecond = rate(prefixes.offered, 'limited') ?? 0;
    return { offeredPerSecond, admittedPerSecond: Math.max(0, offeredPerSecond - refused) };
  }
  if (rate(prefixes.admitted, 'seen') === undefined) return undefined;
  const admittedPerSecond = rate(prefixes.admitted, 'limited') ?? 0;
  return { offeredPerSecond: admittedPerSecond + refused, admittedPerSecond };
}
