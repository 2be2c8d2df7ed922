import type { EventHook } from '../api/webhook.ts';

/** What a receiver answered to a message. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The header, in seconds. */
  readonly retryAfter: string | undefined;
}

/** `retry`: it may work later. `refused`: it never will. */
export type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly why: string; readonly afterMs: number }
  | { readonly kind: 'refused'; readonly why: string };

const DELIVERED: Verdict = { kind: 'delivered' };
const RETRIED_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);
/** System busy; too many messages (WeCom, DingTalk). Both answer 200 to what they do not take. */
const RETRIED_CODES: ReadonlySet<number> = new Set([-1, 45009, 130101]);
const LONGEST_WAIT_MS = 300_000;
const MOST_QUOTED = 200;

/** Whether a message was taken, by what the receivers of a format answer. */
export function judgeAnswer(format: EventHook['format'], { status, body, retryAfter }: Answer): Verdict {
  const said = `${status} ${body.replaceAll(/\s+/g, ' ').trim().slice(0, MOST_QUOTED)}`.trim();
  const retry: Verdict = { kind: 'retry', why: said, afterMs: waitOf(retryAfter) };
  if (RETRIED_STATUSES.has(status) || status >= 500) return retry;
  if (status < 200 || status >= 300) return { kind: 'refused', why: said };
  // Teams passes on another server's refusal with a 200.
  if (format === 'teams' && /returned HTTP error 429/.test(body)) return retry;
  if (format !== 'dingtalk' && format !== 'wecom') return DELIVERED;
  const code = errorCodeOf(body);
  if (code === 0) return DELIVERED;
  return code !== undefined && RETRIED_CODES.has(code) ? retry : { kind: 'refused', why: said };
}

/** Pauses between tries: each twice the one before, up to the longest. */
export interface Pace {
  readonly firstMs: number;
  readonly longestMs: number;
}

const PACE: Pace = { firstMs: 500, longestMs: 60_000 };

/** How long to wait before the next try: doubled each time, and by a draw of [0, 1) apart from others. */
export function pauseMs(failures: number, draw: number, { firstMs, longestMs }: Pace = PACE): number {
  return Math.round(Math.min(longestMs, firstMs * 2 ** (failures - 1)) * (0.5 + 0.5 * draw));
}

function waitOf(retryAfter: string | undefined): number {
  const seconds = Number(retryAfter);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(LONGEST_WAIT_MS, seconds * 1000) : 0;
}

function errorCodeOf(body: string): number | undefined {
  try {
    const { errcode } = JSON.parse(body) as { errcode?: unknown };
    return typeof errcode === 'number' ? errcode : undefined;
  } catch {
    return undefined;
  }
}
