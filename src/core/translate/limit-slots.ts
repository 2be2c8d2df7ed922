import type { LimitIr } from '../ir/ir.ts';

/**
 * Places for limit filters in every inbound listener. They are there from the beginning, so that a limit can come
 * and go without a changed listener, which would end every stream when its drain ends.
 */
export const LIMIT_SLOTS = 8;

/**
 * Gives each limit a slot by the hash of its name, or the next free one; past `LIMIT_SLOTS` limits they share.
 * A limit keeps its slot, and so its buckets, when others come and go, save where two names collide.
 */
export function assignSlots(limits: readonly LimitIr[]): ReadonlyMap<number, readonly LimitIr[]> {
  const slots = new Map<number, LimitIr[]>();
  for (const limit of limits.toSorted(byName)) {
    const slot = freeSlot(preferredSlot(limit.name), slots);
    const sharers = slots.get(slot);
    if (sharers === undefined) slots.set(slot, [limit]);
    else sharers.push(limit);
  }
  return slots;
}

function freeSlot(preferred: number, taken: ReadonlyMap<number, unknown>): number {
  for (let step = 0; step < LIMIT_SLOTS; step++) {
    const slot = (preferred + step) % LIMIT_SLOTS;
    if (!taken.has(slot)) return slot;
  }
  return preferred;
}

/** FNV-1a, 32 bits. */
function preferredSlot(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % LIMIT_SLOTS;
}

function byName(a: LimitIr, b: LimitIr): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
