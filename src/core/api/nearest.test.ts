import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

describe('nearest', () => {
  const known = ['hosts', 'port', 'protocol', 'versions', 'loadBalancing', 'v1', 'v2'];
  it.each([
    ['hots', 'hosts'],
    ['prot', 'port'],
    ['Versions', 'versions'],
    ['verion', 'versions'],
    ['loadbalancing', 'loadBalancing'],
    ['loadBalancer', 'loadBalancing'],
    ['zzz', undefined],
    ['x', undefined],
    ['v3', undefined],
  ])('takes %s for %s', (name, meant) => {
    expect(nearest(name, known)).toBe(meant);
  });
});

describe('editDistance', () => {
  it.each([
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['port', 'prot', 1],
    ['kitten', 'sitting', 3],
  ])('from %j to %j is %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is the same in both directions and at most the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance === 0).toBe(a === b);
      }),
    );
  });
});
