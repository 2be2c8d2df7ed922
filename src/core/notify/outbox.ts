import type { Notice } from './notice.ts';

/** What waits for a receiver: a value. */
export interface Outbox {
  /** Oldest first. */
  readonly waiting: readonly Notice[];
  /** The oldest ones that had to go because too many waited. */
  readonly dropped: number;
  readonly newestId: number;
  /** By subject: what was last taken in, and when. */
  readonly last: ReadonlyMap<string, { readonly said: string; readonly at: number }>;
}

export const EMPTY_OUTBOX: Outbox = { waiting: [], dropped: 0, newestId: 0, last: new Map() };

/** A receiver that does not answer for long must not fill the memory. */
export const MOST_WAITING = 1_000;
/** In one message: more than anybody reads, and well within the length that every format allows. */
export const MOST_TOGETHER = 20;
/** The same said again of the same subject within this time is not news. */
const REPETITION_MS = 600_000;

/** Takes a notice in, unless it was taken in before, or says again what was said last of its subject. */
export function addNotice(outbox: Outbox, notice: Notice): Outbox {
  if (notice.id <= outbox.newestId) return outbox;
  const said = `${notice.reason}: ${notice.message}`;
  const before = outbox.last.get(notice.subject);
  const last = new Map([...outbox.last].filter(([, { at }]) => notice.at - at < REPETITION_MS));
  if (before?.said === said && notice.at - before.at < REPETITION_MS)
    return { ...outbox, newestId: notice.id };
  last.set(notice.subject, { said, at: notice.at });
  const waiting = [...outbox.waiting, notice];
  const tooMany = Math.max(0, waiting.length - MOST_WAITING);
  return {
    waiting: waiting.slice(tooMany),
    dropped: outbox.dropped + tooMany,
    newestId: notice.id,
    last,
  };
}

/** Takes out what goes into the next message. */
export function takeGroup(outbox: Outbox): {
  readonly notices: readonly Notice[];
  readonly dropped: number;
  readonly rest: Outbox;
} {
  return {
    notices: outbox.waiting.slice(0, MOST_TOGETHER),
    dropped: outbox.dropped,
    rest: { ...outbox, waiting: outbox.waiting.slice(MOST_TOGETHER), dropped: 0 },
  };
}
