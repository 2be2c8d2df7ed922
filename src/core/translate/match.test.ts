import { describe, expect, it } from 'vitest';
import type { MatchIr } from '../ir/ir.ts';
import { ANY, both } from './match.ts';

const path = (value: string): MatchIr => ({ ...ANY, path: value });
const prefix = (value: string): MatchIr => ({ ...ANY, pathPrefix: value });
const header = (name: string): MatchIr => ({ ...ANY, headers: [{ name, kind: 'present', value: '' }] });

describe('both', () => {
  it.each([
    ['anything and a path', ANY, path('/a'), path('/a')],
    ['equal paths', path('/a'), path('/a'), path('/a')],
    ['different paths', path('/a'), path('/b'), undefined],
    ['a path below a prefix', path('/a/b'), prefix('/a'), path('/a/b')],
    ['a path beside a prefix', path('/b'), prefix('/a'), undefined],
    ['a prefix of a prefix', prefix('/a'), prefix('/a/b'), prefix('/a/b')],
    ['prefixes beside each other', prefix('/a'), prefix('/b'), undefined],
    [
      'headers',
      header('x-a'),
      header('x-b'),
      { ...ANY, headers: [...header('x-a').headers, ...header('x-b').headers] },
    ],
  ])('combines %s', (_, a, b, expected) => {
    expect(both(a, b)).toEqual(expected);
  });

  it('keeps paths whichever comes first', () => {
    expect(both(prefix('/a'), path('/a/b'))).toEqual(path('/a/b'));
    expect(both(prefix('/a/b'), prefix('/a'))).toEqual(prefix('/a/b'));
  });
});
