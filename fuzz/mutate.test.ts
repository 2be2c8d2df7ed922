import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seeded } from '../bench/statistics/random.ts';
import { mutate } from './mutate.ts';

test('inputs depend on the seed alone, stay small, and leave what they were made of as it was', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 6_000 }),
      fc.uint8Array({ maxLength: 100 }),
      fc.integer(),
      (a, b, seed) => {
        const [input, other] = [Buffer.from(a), Buffer.from(b)];
        const mutated = mutate(input, other, seeded(seed));
        expect(mutated.equals(mutate(input, other, seeded(seed)))).toBe(true);
        expect(mutated.length).toBeLessThanOrEqual(4_096);
        expect(input.equals(Buffer.from(a))).toBe(true);
      },
    ),
  );
});

test('most inputs are changed', () => {
  const random = seeded(1);
  const input = Buffer.from('a text of some length');
  const changed = Array.from({ length: 200 }, () => mutate(input, input, random)).filter(
    (each) => !each.equals(input),
  );
  expect(changed.length).toBeGreaterThan(190);
});
