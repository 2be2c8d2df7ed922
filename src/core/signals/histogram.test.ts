import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeBuckets } from './histogram.ts';

const buckets = (counts: Readonly<Record<string, number>>) => new Map(Object.entries(counts));

describe('mergeBuckets', () => {
  test('cumulative buckets become counts between bounds', () => {
    const one = buckets({ '1': 2, '5': 7, '10': 7, '+Inf': 8 });
    expect(mergeBuckets([one], 1)).toEqual({ bounds: [1, 5, 10], counts: [2, 5, 0, 1] });
  });

  test('targets are added, whatever the order and spelling of their bounds', () => {
    const one = buckets({ '+Inf': 8, '10.0': 7, '1': 2 });
    const other = buckets({ '1.0': 1, '10': 1, '+Inf': 2 });
    expect(mergeBuckets([one, other], 1)).toEqual({ bounds: [1, 10], counts: [3, 5, 2] });
  });

  test('of different bounds the common ones are kept', () => {
    const one = buckets({ '1': 2, '5': 7, '+Inf': 8 });
    const other = buckets({ '1': 1, '2': 3, '+Inf': 4 });
    expect(mergeBuckets([one, other], 1)).toEqual({ bounds: [1], counts: [3, 9] });
  });

  test('seconds become milliseconds without a trace of binary fractions', () => {
    expect(mergeBuckets([buckets({ '0.0025': 0, '0.07': 0, '+Inf': 0 })], 1000).bounds).toEqual([2.5, 70]);
  });

  test('nothing is a histogram of nothing', () => {
    expect(mergeBuckets([], 1)).toEqual({ bounds: [], counts: [0] });
  });

  test('no observation is lost or made up', () => {
    const bounds = [1, 2, 5, 10, 20];
    const target = fc
      .tuple(fc.subarray(bounds), fc.array(fc.nat(100), { minLength: 6, maxLength: 6 }))
      .map(([known, grown]) => {
        const upTo = (index: number) => grown.slice(0, index + 1).reduce((sum, count) => sum + count, 0);
        return new Map([...known.map(String), '+Inf'].map((le, index) => [le, upTo(index)]));
      });
    fc.assert(
      fc.property(fc.array(target, { minLength: 1, maxLength: 4 }), (targets) => {
        const { bounds: merged, counts } = mergeBuckets(targets, 1);
        expect(counts).toHaveLength(merged.length + 1);
        expect(counts.every((count) => count >= 0)).toBe(true);
        const all = targets.reduce((sum, one) => sum + (one.get('+Inf') ?? 0), 0);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(all);
      }),
    );
  });
});
