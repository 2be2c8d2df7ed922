import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accumulate, EMPTY_MIXTURE, log10Evidence, logEvidence, logSumExp, type Opening } from './mixture.ts';

const factors = fc.array(
  fc.tuple(fc.double({ min: -50, max: 50, noNaN: true }), fc.double({ min: -50, max: 50, noNaN: true })),
  { maxLength: 30 },
);

function evidenceOf(looks: readonly (readonly number[])[], opening: Opening) {
  return looks.reduce((state, look) => accumulate(state, look, opening), EMPTY_MIXTURE);
}

describe('a mixture', () => {
  it('is a value that survives JSON', () => {
    fc.assert(
      fc.property(factors, fc.constantFrom<Opening>('once', 'spread', 'every'), (looks, opening) => {
        const state = evidenceOf(looks, opening);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
        expect(Number.isFinite(log10Evidence(state, opening))).toBe(true);
      }),
    );
  });

  it('opened once is the mean over components of the product of the factors', () => {
    fc.assert(
      fc.property(factors, (looks) => {
        const sums = [0, 1].map((k) => looks.reduce((sum, look) => sum + (look[k] ?? 0), 0));
        const expected = logSumExp(sums) - Math.LN2;
        expect(logEvidence(evidenceOf(looks, 'once'), 'once')).toBeCloseTo(expected, 6);
      }),
    );
  });

  it('spread over the looks has all its capital at any time: factors of 1 leave exactly 1', () => {
    for (const looks of [0, 1, 2, 10, 500]) {
      const state = evidenceOf(
        Array.from({ length: looks }, () => [0, 0, 0]),
        'spread',
      );
      expect(logEvidence(state, 'spread')).toBeCloseTo(0, 9);
    }
  });

  it('spread forgets a long healthy past, opened once does not', () => {
    const past = Array.from({ length: 1000 }, () => [-1]);
    const fault = Array.from({ length: 10 }, () => [3]);
    expect(logEvidence(evidenceOf([...past, ...fault], 'spread'), 'spread')).toBeGreaterThan(15);
    expect(logEvidence(evidenceOf([...past, ...fault], 'once'), 'once')).toBeLessThan(-900);
  });

  it('opened at every look is Shiryaev–Roberts: S = (S + 1)·E', () => {
    const state = evidenceOf([[Math.log(2)], [Math.log(3)]], 'every');
    expect(Math.exp(logEvidence(state, 'every'))).toBeCloseTo((2 + 1) * 3);
  });

  it('refuses another number of components than it began with', () => {
    expect(() => accumulate(evidenceOf([[0, 0]], 'once'), [0], 'once')).toThrow(/2 components/);
  });
});
