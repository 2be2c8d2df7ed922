import { describe, expect, it } from 'vitest';
import { parseLabelSelector } from './label-selector.ts';

describe('a label selector', () => {
  it.each([
    ['', true],
    ['service=fraud', true],
    ['service==fraud', true],
    ['service = fraud', true],
    ['service=other', false],
    ['service!=fraud', false],
    ['zone!=a', true],
    ['service in (fraud, other)', true],
    ['service in (other)', false],
    ['service notin (other)', true],
    ['zone notin (a)', true],
    ['service', true],
    ['!service', false],
    ['!zone', true],
    ['service=fraud,version=v1', true],
    ['service=fraud,version in (v2,v3)', false],
    ['service in (a,fraud),version', true],
  ])('%s', (text, selected) => {
    expect(parseLabelSelector(text)?.({ service: 'fraud', version: 'v1' })).toBe(selected);
  });

  it.each(['=', 'a=b=c', 'a in b', 'a,,b', 'a in (b', '-a', 'a=b c'])('is not %s', (text) => {
    expect(parseLabelSelector(text)).toBeUndefined();
  });
});
