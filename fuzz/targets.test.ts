import { describe, expect, it } from 'vitest';
import { TARGETS } from './targets.ts';

describe.each(TARGETS)('the parser $name', ({ seeds, read }) => {
  it('reads the valid inputs that are changed', () => {
    for (const seed of seeds) expect(() => read(seed)).not.toThrow();
  });
});
