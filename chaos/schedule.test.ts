import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawSchedule, only } from './schedule.ts';

const KINDS = ['a1', 'a2', 'b', 'c', 'd', 'e'];
const groupOf = (kind: string) => kind.slice(0, 1);

describe('a schedule of faults', () => {
  it('depends on the seed alone', () => {
    const setup = { seed: 7, faults: 50, kinds: KINDS, groupOf };
    expect(drawSchedule(setup)).toEqual(drawSchedule(setup));
    expect(drawSchedule(setup)).not.toEqual(drawSchedule({ ...setup, seed: 8 }));
  });

  it('has every kind, no group twice in an episode, and lasting faults', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 60, max: 200 }), (seed, faults) => {
        const schedule = drawSchedule({ seed, faults, kinds: KINDS, groupOf });
        const planned = schedule.flat();
        expect(new Set(planned.map(({ kind }) => kind))).toEqual(new Set(KINDS));
        expect(planned.length).toBeLessThanOrEqual(faults);
        expect(planned.every(({ forMs, draw }) => forMs > 0 && draw >= 0 && draw < 1)).toBe(true);
        for (const episode of schedule)
          expect(new Set(episode.map(({ kind }) => groupOf(kind))).size).toBe(episode.length);
      }),
    );
  });

  it('keeps the faults that are asked for as they were', () => {
    const schedule = drawSchedule({ seed: 1, faults: 30, kinds: KINDS, groupOf });
    const some = new Set([2, 3, 17]);
    const kept = only(schedule, some).flat();
    expect(kept).toEqual(schedule.flat().filter(({ id }) => some.has(id)));
  });
});
