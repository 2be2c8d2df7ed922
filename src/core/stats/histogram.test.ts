import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addHistograms, countAbove, isBound, momentsOf, quantileOf, totalCount } from './histogram.ts';

const histogram = { bounds: [10, 20, 40], counts: [10, 20, 10, 5] };

describe('observations above a value', () => {
  it.each([
    [40, 5],
    [20, 15],
    [10, 35],
    [0, 45],
    [30, 10],
    [5, 40],
    [1000, 5],
  ])('above %i: %f', (value, above) => {
    expect(countAbove(histogram, value)).toBe(above);
  });

  it('never fall as the value does', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (a, b) => {
          expect(countAbove(histogram, Math.min(a, b))).toBeGreaterThanOrEqual(
            countAbove(histogram, Math.max(a, b)),
          );
        },
      ),
    );
  });
});

describe('a quantile', () => {
  it.each([
    [0.5, 16.25],
    [2 / 9, 10],
    [0.99, 40],
    [0, 0],
  ])('%f is %f', (quantile, value) => {
    expect(quantileOf(histogram, quantile)).toBeCloseTo(value);
  });

  it('of nothing is not a number', () => {
    expect(quantileOf({ bounds: [1], counts: [0, 0] }, 0.5)).toBeNaN();
  });

  it('leaves the share above it that it says', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 0.8, noNaN: true }), (q) => {
        expect(countAbove(histogram, quantileOf(histogram, q))).toBeCloseTo((1 - q) * totalCount(histogram));
      }),
    );
  });
});

describe('histograms', () => {
  it('of the same buckets add up', () => {
    expect(addHistograms(histogram, histogram).counts).toEqual([20, 40, 20, 10]);
  });

  it('of other buckets begin anew', () => {
    const other = { bounds: [1], counts: [1, 2] };
    expect(addHistograms(histogram, other)).toEqual(other);
  });

  it('know their bounds and moments', () => {
    expect(isBound(histogram, 20)).toBe(true);
    expect(isBound(histogram, 25)).toBe(false);
    expect(momentsOf({ bounds: [10, 20], counts: [1, 1, 0] })).toEqual({ mean: 10, variance: 25 });
  });
});
