import { describe, expect, it } from 'vitest';
import { decideHung, type ProcessSample } from './watchdog.ts';

/** One sample each 250 ms up to `nowMs`: a letter is the state, a digit after it the CPU time. */
const nowMs = 10_000;
const samples = (text: string): ProcessSample[] => {
  const pairs = text.split(' ');
  return pairs.map((pair, index) => ({
    atMs: nowMs - (pairs.length - 1 - index) * 250,
    state: pair[0] ?? '',
    cpuTicks: Number(pair.slice(1)),
  }));
};
const limits = { computesOnCpu: true, runTimeoutMs: 60_000 };

describe('a runner', () => {
  it.each([
    ['stopped for half a second', 'S1 T1 T1 T1', undefined, 'the runner is stopped'],
    ['stopped just now', 'S1 T1', undefined, undefined],
    ['idle and asleep', 'S1 S1 S1 S1 S1 S1 S1', undefined, undefined],
    ['busy and computing', 'R1 R2 R3 R4 R5 R6', 5_000, undefined],
    ['busy and asleep for a second', 'S1 S1 S1 S1 S1 S1', 5_000, 'the runner makes no progress on its batch'],
    ['busy and asleep, but its other threads compute', 'S1 S2 S3 S4 S5 S6', 5_000, undefined],
    ['busy for half a second only', 'S1 S1 S1 S1 S1 S1', 9_500, undefined],
    ['ready to run, but given no CPU', 'R1 R1 R1 R1 R1 R1', 5_000, undefined],
  ])('%s', (_what, seen, busySinceMs, expected) => {
    expect(decideHung(samples(seen), busySinceMs, nowMs, limits)).toBe(expected);
  });

  it('may sleep while another device computes', () => {
    const onGpu = { ...limits, computesOnCpu: false };
    expect(decideHung(samples('S1 S1 S1 S1 S1 S1'), 5_000, nowMs, onGpu)).toBeUndefined();
  });

  it('is hung when a batch takes longer than any may, even where the system tells nothing', () => {
    const strict = { ...limits, runTimeoutMs: 4_000 };
    expect(decideHung([], 5_000, nowMs, strict)).toBe('the runner has worked on one batch for over 4000 ms');
  });
});
