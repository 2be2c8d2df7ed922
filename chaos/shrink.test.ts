import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shrink } from './shrink.ts';

const all = Array.from({ length: 40 }, (_, i) => i);

test('what is needed together is found, and nothing else is kept', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.constantFrom(...all), { minLength: 1, maxLength: 4 }),
      async (needed) => {
        const found = await shrink(all, async (some) => needed.every((each) => some.includes(each)));
        expect([...found].toSorted()).toEqual([...needed].toSorted());
      },
    ),
    { numRuns: 50 },
  );
});

test('what fails without anything leaves one', async () => {
  expect(await shrink(all, async () => true)).toHaveLength(1);
});
