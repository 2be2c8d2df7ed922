import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LookTimer } from './look-timer.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Times of the looks, ms since the start; the timer looks each second. */
function looking(): { readonly timer: LookTimer; readonly looks: readonly number[] } {
  const looks: number[] = [];
  const startedAt = performance.now();
  const timer = new LookTimer(
    () => void looks.push(performance.now() - startedAt),
    () => 1000,
  );
  timer.now();
  return { timer, looks };
}

describe('the timer of looks', () => {
  it('looks at once, and then at its interval', () => {
    const { timer, looks } = looking();
    vi.advanceTimersByTime(2500);
    expect(looks).toEqual([0, 1000, 2000]);
    timer.stop();
  });

  it('brings the next look forward to a tenth of a second after the last, and goes on from there', () => {
    const { timer, looks } = looking();
    vi.advanceTimersByTime(20);
    timer.sooner();
    timer.sooner();
    vi.advanceTimersByTime(1200);
    expect(looks).toEqual([0, 100, 1100]);
    timer.stop();
  });

  it('looks at once where the last look is longer ago', () => {
    const { timer, looks } = looking();
    vi.advanceTimersByTime(700);
    timer.sooner();
    vi.advanceTimersByTime(1);
    expect(looks).toEqual([0, 700]);
    timer.stop();
  });

  it('never looks later because of a hurry', () => {
    const { timer, looks } = looking();
    for (let at = 0; at < 3000; at += 10) {
      timer.sooner();
      vi.advanceTimersByTime(10);
    }
    expect(looks.length).toBeGreaterThanOrEqual(29);
    timer.stop();
  });

  it('looks no more once it is stopped', () => {
    const { timer, looks } = looking();
    timer.stop();
    vi.advanceTimersByTime(5000);
    expect(looks).toEqual([0]);
  });
});
