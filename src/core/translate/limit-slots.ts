import type { LimitIr } from '../ir/ir.ts';

/**
 * Places for limit filters in every inbound listener. They are there from the beginning, so that a limit can come
 * and go without a changed listener, which would end every stream when its drain ends.
 */
export const LIMIT_SLOTS = 8;
/** Places for limits that one sidecar has a share of. */
export const SHARE_SLOTS = 2;

/**
 * Gives each limit a slot by the hash of its name, or the next free one; past as many as there are slots they share.
 * A limit keeps its slot, and so its buckets, when others come and go, save where two names collide.
 */
export function assignSlots<Limit extends Pick<LimitIr, 'name'>>(
  limits: readonly Limit[],
  count = LIMIT_SLOTS,
): ReadonlyMap<number, readonly Limit[]> {
  const slots = new Map<number, Limit[]>();
  for (const limit of limits.toSorted(byName)) {
    const slot = freeSlot(preferredSlot(limit.name, count), slots, count);
    const sharers = slots.get(slot);
    if (sharers === undefined) slots.set(slot, [limit]);
    else sharers.push(limit);
  }
  return slots;
}

function freeSlot(preferred: number, taken: ReadonlyMap<number, unknown>, count: number): number {
  for (let step = 0; step < count; step++) {
    const slot = (preferred + step) % count;
    if (!taken.has(slot)) return slot;
  }
  return preferred;
}

/** FNV-1a, 32 bits. */
function preferredSlot(name: string, count: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % count;
}

function byName(a: Pick<LimitIr, 'name'>, b: Pick<LimitIr, 'name'>): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
