import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LimitIr } from '../ir/ir.ts';
import { serviceIr } from './ir-fixture.ts';
import { assignSlots, LIMIT_SLOTS } from './limit-slots.ts';

function limits(names: readonly string[]): readonly LimitIr[] {
  return serviceIr({ limits: names.map((name) => ({ name })) }).limits;
}

function slotsOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    [...assignSlots(limits(names))].flatMap(([slot, members]) =>
      members.map(({ name }) => [name, slot] as const),
    ),
  );
}

const names = (maxLength: number) =>
  fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/), { maxLength });

describe('assignSlots', () => {
  it('gives every limit a slot, one of its own as long as there are enough', () => {
    fc.assert(
      fc.property(names(LIMIT_SLOTS), (given) => {
        const slots = slotsOf(given);
        expect([...slots.keys()].sort()).toEqual([...given].sort());
        expect(new Set(slots.values()).size).toBe(given.length);
      }),
    );
  });

  it('loses none when there are more limits than slots', () => {
    fc.assert(
      fc.property(names(3 * LIMIT_SLOTS), (given) => {
        const slots = slotsOf(given);
        expect(slots.size).toBe(given.length);
        for (const slot of slots.values()) expect(slot).toBeLessThan(LIMIT_SLOTS);
      }),
    );
  });

  it('does not depend on the order of the spec', () => {
    fc.assert(
      fc.property(names(LIMIT_SLOTS), (given) => {
        expect(slotsOf(given.toReversed())).toEqual(slotsOf(given));
      }),
    );
  });

  it('leaves a limit alone where names do not collide', () => {
    expect(slotsOf(['per-client']).get('per-client')).toBe(
      slotsOf(['per-client', 'tenants']).get('per-client'),
    );
  });
});
