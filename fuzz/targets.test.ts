import { describe, expect, it } from 'vitest';
import { TARGETS } from './targets.ts';

describe.each(TARGETS)('the parser $name', ({ seeds, read }) => {
  it('reads the valid inputs that are changed', async () => {
    for (const seed of seeds) await expect(Promise.resolve(seed).then(read)).resolves.toBeUndefined();
  });
});

it('has a name of its own for each', () => {
  const names = TARGETS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
