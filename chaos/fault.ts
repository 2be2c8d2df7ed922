import type { Excuse } from './record.ts';
import type { PlannedFault } from './schedule.ts';
import type { World } from './world.ts';

/** A way to strike the system. */
export interface Fault {
  readonly kind: string;
  /** Kinds of a group never overlap. */
  readonly group: string;
  /** Why it cannot be struck here; undefined: it can. */
  readonly missing?: (world: World) => string | undefined;
  /** It lasts at least this long, whatever was planned. */
  readonly leastMs?: number;
  readonly strike: (world: World, plan: PlannedFault) => Promise<Strike>;
}

export interface Strike {
  /** Whom it strikes, in words. */
  readonly what: string;
  readonly excuses: Excuse;
  /** Ends the fault; afterwards everything is there again that was there before. */
  readonly heal: () => Promise<void>;
}

/** One of them, by the plan's draw. */
export function pick<T>(from: readonly T[], { draw }: PlannedFault): T {
  const picked = from[Math.floor(draw * from.length)];
  if (picked === undefined) throw new Error('nothing to pick from');
  return picked;
}
