import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Division, divideLimit, type Sharer, type SharesState } from './divide-limit.ts';

function divide(
  demands: Readonly<Record<string, number>>,
  state?: SharesState,
  acknowledged: (id: string) => boolean = () => true,
  nowMs = 0,
): Division {
  const sharers: Sharer[] = Object.entries(demands).map(([id, demand]) => ({
    id,
    demand,
    acknowledged: acknowledged(id),
  }));
  return divideLimit({ limit: 1000, sharers, state, leaseMs: 30_000, nowMs });
}

function sumOf(shares: ReadonlyMap<string, number>): number {
  return [...shares.values()].reduce((a, b) => a + b, 0);
}

describe('a global limit', () => {
  it('is divided by demand, a fifth of it alike', () => {
    const { shares } = divide({ a: 1000, b: 100, c: 0 });
    expect(shares.get('a')).toBeCloseTo(66.7 + 727.3, 0);
    expect(shares.get('b')).toBeCloseTo(66.7 + 72.7, 0);
    expect(shares.get('c')).toBeCloseTo(66.7, 0);
    expect(sumOf(shares)).toBeCloseTo(1000);
  });

  it('is divided alike while nobody asks', () => {
    expect([...divide({ a: 0, b: 0 }).shares.values()]).toEqual([500, 500]);
  });

  it('raises nobody before others have acknowledged less', () => {
    const first = divide({ a: 900, b: 100 });
    const second = divide({ a: 100, b: 900 }, first.state, () => true);
    expect(second.shares.get('a')).toBeLessThan(first.shares.get('a') ?? 0);
    expect(second.shares.get('b')).toBe(first.shares.get('b'));
    const waiting = divide({ a: 100, b: 900 }, second.state, (id) => id !== 'a');
    expect(waiting.shares.get('b')).toBe(first.shares.get('b'));
    const third = divide({ a: 100, b: 900 }, waiting.state);
    expect(third.shares.get('b')).toBeCloseTo(820);
  });

  it('leaves a sidecar that is gone its share until its lease ends', () => {
    const first = divide({ a: 500, b: 500 });
    const gone = divide({ a: 500 }, first.state, () => true, 10_000);
    expect(gone.shares.get('a')).toBeCloseTo(500);
    const later = divide({ a: 500 }, gone.state, () => true, 40_000);
    expect(later.shares.get('a')).toBeCloseTo(1000);
  });

  it('uses at least 95 % at a demand of 10 to 1 over 8 sidecars', () => {
    const demands = { a: 2000, ...Object.fromEntries([...'bcdefgh'].map((id) => [id, 200])) };
    const { shares } = divide(demands);
    const used = [...shares].reduce((sum, [id, share]) => sum + Math.min(share, demands[id as 'a'] ?? 0), 0);
    expect(used).toBeGreaterThanOrEqual(950);
  });

  it('is never exceeded by what the sidecars may be enforcing, whatever is acknowledged, comes and goes', () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const look = fc.record({
      demands: fc.array(fc.nat(1000), { minLength: 5, maxLength: 5 }),
      connected: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      acknowledged: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      passMs: fc.constantFrom(1000, 40_000),
    });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 30 }), (looks) => {
        let state: SharesState | undefined;
        let nowMs = 0;
        /** What each really enforces: the last share that reached it, for as long as its lease lasts. */
        const enforced = new Map<string, { share: number; seenMs: number }>();
        for (const { demands, connected, acknowledged, passMs } of looks) {
          nowMs += passMs;
          const here = ids.filter((_, i) => connected[i]);
          const at = (list: readonly boolean[], id: string) => list[ids.indexOf(id)] ?? false;
          for (const [id, { seenMs }] of enforced) if (nowMs - seenMs >= 30_000) enforced.delete(id);
          for (const id of here.filter((each) => at(acknowledged, each))) {
            const published = state?.[id]?.published;
            if (published !== undefined) enforced.set(id, { share: published, seenMs: nowMs });
          }
          const division = divide(
            Object.fromEntries(here.map((id) => [id, demands[ids.indexOf(id)] ?? 0])),
            state && (JSON.parse(JSON.stringify(state)) as SharesState),
            (id) => at(acknowledged, id),
            nowMs,
          );
          state = division.state;
          for (const id of here) {
            const known = enforced.get(id);
            if (known !== undefined) enforced.set(id, { ...known, seenMs: nowMs });
          }
          const alive = [...enforced].filter(
            ([id, each]) => here.includes(id) || nowMs - each.seenMs < 30_000,
          );
          // Each enforces what it had, or already what was just published: the more of both.
          const most = ids.map((id) => {
            const had = alive.find(([each]) => each === id)?.[1].share ?? 0;
            return Math.max(had, division.shares.get(id) ?? 0);
          });
          expect(most.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(1000 + 1e-6);
        }
      }),
    );
  });
});
