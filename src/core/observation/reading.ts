/**
 * What was read from a signal, with the four cases that must never be confused told apart: a value
 * (zero is one), nothing at all, something too old, and something that is no number.
 */
export type Reading<T> =
  | {
      readonly kind: 'value';
      readonly value: T /** Time of the newest sample, ms since the epoch. */;
      readonly at: number;
    }
  | { readonly kind: 'missing'; readonly detail: string }
  | { readonly kind: 'stale'; readonly lastAt: number; readonly detail: string }
  | { readonly kind: 'invalid'; readonly at: number; readonly detail: string };

/** The value of a reading, or undefined when there is none to decide by. */
export function knownValue<T>(reading: Reading<T>): T | undefined {
  return reading.kind === 'value' ? reading.value : undefined;
}

/** One line for people: why a reading cannot be decided by, or 'ok'. */
export function describeReading(reading: Reading<unknown>, nowMs: number): string {
  switch (reading.kind) {
    case 'value':
      return 'ok';
    case 'missing':
      return `no data: ${reading.detail}`;
    case 'stale':
      return `stale for ${((nowMs - reading.lastAt) / 1000).toFixed(1)} s: ${reading.detail}`;
    case 'invalid':
      return `not a number: ${reading.detail}`;
  }
}
