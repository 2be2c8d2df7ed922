import * as z from 'zod';
import { quote } from './quote.ts';

/**
 * A span of time in milliseconds. A plain number is accepted wherever one is expected; the phantom field
 * only makes the unit show in signatures and editors.
 */
export type Milliseconds = number & { readonly unit?: 'ms' };

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
const spanPattern = /^(?:\d+(?:\.\d+)?(?:h|ms|m|s))+$/;
const partPattern = /(\d+(?:\.\d+)?)(h|ms|m|s)/g;

/** A year: nothing here lasts longer, and a slip such as `30000h` is caught. */
export const longestMs: Milliseconds = 365 * 24 * 3_600_000;

/**
 * Reads a span such as `30s`, `80ms`, `1h30m`, `0.5s` or `0s`.
 * @returns whole milliseconds, or undefined when the text is no span or not a whole number of milliseconds
 */
export function parseDuration(text: string): Milliseconds | undefined {
  if (!spanPattern.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(partPattern)) {
    totalMs += Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN);
  }
  const wholeMs = Math.round(totalMs);
  return Math.abs(wholeMs - totalMs) < 1e-6 ? wholeMs : undefined;
}

/** Writes milliseconds the way a person would: `90000` is `1m30s`, `0` is `0s`. Inverse of `parseDuration`. */
export function formatDuration(spanMs: Milliseconds): string {
  if (spanMs === 0) return '0s';
  let restMs: number = spanMs;
  let text = '';
  for (const [unit, size] of Object.entries(unitMs)) {
    const amount = Math.floor(restMs / size);
    restMs -= amount * size;
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text;
}

/** What a duration field accepts, both ends included. */
export type DurationRange = { readonly min?: string; readonly max?: string };

/** A duration field: text in the spec, milliseconds after validation. Without a range, `0s` is allowed. */
export function duration(range: DurationRange = {}) {
  const minMs = parseDuration(range.min ?? '0s') ?? 0;
  const maxMs = range.max === undefined ? longestMs : (parseDuration(range.max) ?? longestMs);
  return z
    .string({ error: (issue) => notText(issue.input) })
    .regex(spanPattern, { error: (issue) => notSpan(String(issue.input)) })
    .transform((text, context): Milliseconds => {
      const spanMs = parseDuration(text);
      if (spanMs === undefined) {
        context.addIssue(
          `${quote(text)} is finer than a millisecond; a whole number of milliseconds, such as "1ms"`,
        );
        return z.NEVER;
      }
      if (spanMs < minMs || spanMs > maxMs) {
        context.addIssue(
          `${text} is out of range; from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`,
        );
        return z.NEVER;
      }
      return spanMs;
    })
    .meta({ 'x-penstock-type': 'duration' });
}

function notText(input: unknown): string | undefined {
  if (typeof input !== 'number') return undefined;
  return `${input} has no unit; a duration such as "${input}s" or "${input}ms"`;
}

function notSpan(text: string): string {
  return `${quote(text)} is not a duration; numbers with the units h, m, s or ms, such as "30s", "80ms" or "1h30m"`;
}
