import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TOTAL_WEIGHT, type WeightIr } from '../../ir/ir.ts';
import { RUNTIME_TOTAL, runtimeWeights } from './runtime-weights.ts';

const told = (...weights: readonly number[]) =>
  runtimeWeights(weights.map((weight, index) => ({ version: `v${index + 1}`, weight }))).map(
    ({ weight }) => weight,
  );

/** Splits of up to five versions. */
const splits = fc
  .array(fc.integer({ min: 0, max: TOTAL_WEIGHT }), { minLength: 0, maxLength: 4 })
  .map((cuts): readonly WeightIr[] => {
    const bounds = [0, ...cuts.toSorted((a, b) => a - b), TOTAL_WEIGHT];
    return bounds.slice(1).map((bound, index) => ({
      version: `v${index + 1}`,
      weight: bound - (bounds[index] ?? 0),
    }));
  });

describe('runtimeWeights', () => {
  it.each([
    ['one version', [10_000], [1_000_000_000]],
    ['a split', [7_000, 3_000], [700_000_000, 300_000_000]],
    ['a version without traffic', [10_000, 0], [999_999_999, 1]],
    ['several without', [0, 10_000, 0], [1, 999_999_998, 1]],
  ])('tells %s', (_, weights, expected) => {
    expect(told(...weights)).toEqual(expected);
  });

  it('sum to the same always, and whatever versions an anchor knows, theirs sum to more than nothing', () => {
    fc.assert(
      fc.property(splits, (weights) => {
        const result = runtimeWeights(weights);
        expect(result.reduce((sum, { weight }) => sum + weight, 0)).toBe(RUNTIME_TOTAL);
        expect(Math.min(...result.map(({ weight }) => weight))).toBeGreaterThan(0);
      }),
    );
  });

  it('are what was decided, to a part in ten million', () => {
    fc.assert(
      fc.property(splits, (weights) => {
        for (const [index, { weight }] of runtimeWeights(weights).entries()) {
          const wanted = (weights[index]?.weight ?? 0) / TOTAL_WEIGHT;
          expect(Math.abs(weight / RUNTIME_TOTAL - wanted)).toBeLessThan(1e-7);
        }
      }),
    );
  });
});
