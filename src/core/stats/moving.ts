/** Sums over the last seconds, in a ring of slots. Plain value. */
export interface Window {
  readonly slotMs: number;
  readonly slots: readonly { readonly startMs: number; readonly sums: readonly number[] }[];
}

/** Slots that a window is divided into: its edge is off by at most a tenth. */
const SLOTS = 10;

/** An empty window over the last `lengthMs`. */
export function emptyWindow(lengthMs: number): Window {
  return { slotMs: Math.max(1, lengthMs / SLOTS), slots: [] };
}

/** Adds values at `nowMs` and forgets what has left the window; a clock that stepped back adds to the newest slot. */
export function addToWindow(window: Window, values: readonly number[], nowMs: number): Window {
  const last = window.slots.at(-1);
  const startMs = Math.max(Math.floor(nowMs / window.slotMs) * window.slotMs, last?.startMs ?? 0);
  const kept = window.slots.filter((slot) => slot.startMs > startMs - SLOTS * window.slotMs);
  if (last !== undefined && last.startMs === startMs) {
    const sums = values.map((value, i) => value + (last.sums[i] ?? 0));
    return { ...window, slots: [...kept.slice(0, -1), { startMs, sums }] };
  }
  return { ...window, slots: [...kept, { startMs, sums: values }] };
}

/** Sum of the i-th value over the window. */
export function windowSum(window: Window, i: number): number {
  return window.slots.reduce((sum, slot) => sum + (slot.sums[i] ?? 0), 0);
}

/** Sums that fade with a half-life, and so weigh recent looks more. Plain value. */
export interface Fading {
  readonly atMs: number;
  readonly sums: readonly number[];
}

/** Exponentially weighted sums: what was there decays by the time since, then the new values are added. */
export function addToFading(
  state: Fading | undefined,
  values: readonly number[],
  nowMs: number,
  halfLifeMs: number,
): Fading {
  if (state === undefined) return { atMs: nowMs, sums: values };
  const decay = 2 ** (-Math.max(0, nowMs - state.atMs) / halfLifeMs);
  return {
    atMs: Math.max(nowMs, state.atMs),
    sums: values.map((value, i) => value + decay * (state.sums[i] ?? 0)),
  };
}
