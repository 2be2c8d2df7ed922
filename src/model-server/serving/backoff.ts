const FIRST_MS = 100;
const MAX_MS = 10_000;
/** A runner that lived this long has recovered: the next death is a first one again. */
const RECOVERED_MS = 30_000;

/** How many deaths in a row there have been, given how long the last runner lived. */
export function deathsInRow(before: number, livedMs: number): number {
  return livedMs >= RECOVERED_MS ? 1 : before + 1;
}

/** How long to wait before the next start: 100 ms after the first death, doubling up to 10 s. */
export function restartDelayMs(deaths: number): number {
  return Math.min(MAX_MS, FIRST_MS * 2 ** (deaths - 1));
}
