import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from '../bench/statistics/random.ts';
import { LONGEST, Mutator } from './mutate.ts';
import { mutateJson } from './mutate-json.ts';

describe('bytes like given ones', () => {
  it('depend on the seed alone, stay small, and leave what they were made of as it was', () => {
    const bytes = fc.uint8Array({ maxLength: 6_000 });
    fc.assert(
      fc.property(bytes, fc.uint8Array({ maxLength: 100 }), fc.integer(), (a, b, seed) => {
        const [input, other] = [Buffer.from(a), Buffer.from(b)];
        const mutated = new Mutator(seeded(seed)).mutate(input, other);
        expect(mutated.equals(new Mutator(seeded(seed)).mutate(input, other))).toBe(true);
        expect(mutated.length).toBeLessThanOrEqual(LONGEST);
        expect(input.equals(Buffer.from(a))).toBe(true);
      }),
    );
  });

  it('differ from them mostly', () => {
    const mutator = new Mutator(seeded(1));
    const input = Buffer.from('a text of some length');
    const changed = Array.from({ length: 200 }, () => mutator.mutate(input, input)).filter(
      (each) => !each.equals(input),
    );
    expect(changed.length).toBeGreaterThan(190);
  });
});

describe('JSON like a given one', () => {
  it('is JSON, and depends on the seed alone', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), fc.integer(), (a, b, seed) => {
        const [input, other] = [Buffer.from(a), Buffer.from(b)];
        const mutated = mutateJson(input, other, seeded(seed));
        expect(() => JSON.parse(mutated?.toString() ?? '')).not.toThrow();
        expect(mutated).toEqual(mutateJson(input, other, seeded(seed)));
      }),
    );
  });

  it('differs from it mostly', () => {
    const random = seeded(1);
    const input = Buffer.from('{"a":[1,"b",{"c":null}],"d":true}');
    const changed = Array.from({ length: 200 }, () => mutateJson(input, input, random)).filter(
      (each) => each?.equals(input) !== true,
    );
    expect(changed.length).toBeGreaterThan(180);
  });

  it('is not made of what is none', () => {
    expect(mutateJson(Buffer.from('{'), Buffer.from('1'), seeded(1))).toBeUndefined();
  });
});
