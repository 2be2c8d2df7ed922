import { describe, expect, it } from 'vitest';
import { explore, type Machine } from './explore.ts';

/** Two jugs of 3 and 5 litres: the smallest machine whose answer everybody knows. */
const jugs: Machine<readonly [number, number], string> = {
  start: [[0, 0]],
  moves: ['fill 3', 'fill 5', 'empty 3', 'empty 5', '3 to 5', '5 to 3'],
  apply: ([a, b], move) => {
    const poured = move === '3 to 5' ? Math.min(a, 5 - b) : -Math.min(b, 3 - a);
    if (move.includes(' to ')) return [a - poured, b + poured];
    const level = move.startsWith('fill') ? Number(move.at(-1)) : 0;
    return move.endsWith('3') ? [level, b] : [a, level];
  },
  key: String,
  check: () => undefined,
};

describe('the search', () => {
  it('reaches every state once and knows when nothing is left', () => {
    const { states, complete, depth, steps } = explore(jugs, { depth: 50 });
    expect({ states: states.length, complete, depth, steps }).toEqual({
      states: 16,
      complete: true,
      depth: 7,
      steps: 16 * 6,
    });
  });

  it('says that it is not complete when the depth ends it', () => {
    expect(explore(jugs, { depth: 3 }).complete).toBe(false);
  });

  it('looks at what is outside of its bounds, and does not go on from there', () => {
    const machine = { ...jugs, within: ([a, b]: readonly [number, number]) => a === 0 || b === 0 };
    const { states, complete, outside } = explore(machine, { depth: 50 });
    expect({ complete, states: states.map(String), outside }).toEqual({
      complete: true,
      states: ['0,0', '3,0', '0,5', '3,5', '0,3', '3,2', '3,3'],
      outside: 3,
    });
  });

  it('finds the shortest way to a wrong step', () => {
    const machine = {
      ...jugs,
      check: (_: unknown, __: string, [, b]: readonly [number, number]) =>
        b === 4 ? 'four litres' : undefined,
    };
    const { violation } = explore(machine, { depth: 50 });
    expect(violation).toEqual({
      path: ['fill 5', '5 to 3', 'empty 3', '5 to 3', 'fill 5', '5 to 3'],
      message: 'four litres',
    });
  });

  it('finds the nearest wrong state', () => {
    const machine = {
      ...jugs,
      checkState: ([a]: readonly [number, number]) => (a === 3 ? 'full' : undefined),
    };
    expect(explore(machine, { depth: 50 }).violation?.path).toEqual(['fill 3']);
  });
});
