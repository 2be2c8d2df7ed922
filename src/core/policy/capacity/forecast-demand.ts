/** A season ago: what was offered at the same time of it, and `ahead` later. Requests a second. */
export interface PastSeason {
  readonly then: number;
  readonly ahead: number;
}

/** With fewer seasons the past says nothing. */
const LEAST_SEASONS = 2;
/** A bound on what a strange day can cost. */
const MOST_GROWTH = 3;
/** Below this rate a ratio is noise. */
const LEAST_RATE = 1;

/**
 * What will be offered, by the seasonal naive method corrected for today's level: what is offered now, times the median
 * of how it went on in the past seasons (Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 5.2).
 * @param now requests a second
 * @returns undefined where the past says nothing
 */
export function forecastDemand(now: number, past: readonly PastSeason[]): number | undefined {
  const growths = past
    .filter(({ then }) => then >= LEAST_RATE)
    .map(({ then, ahead }) => ahead / then)
    .sort((a, b) => a - b);
  if (growths.length < LEAST_SEASONS) return undefined;
  const middle = growths.length / 2;
  const low = growths[Math.ceil(middle) - 1] ?? 1;
  const high = growths[Math.floor(middle)] ?? 1;
  return now * Math.min(MOST_GROWTH, (low + high) / 2);
}
