import type { ArmCounts } from '../../stats/arms.ts';
import { type Dispersion, deflate, designEffect } from '../../stats/dispersion.ts';

/** How many requests of each version count as one. */
export interface BurstEffects {
  readonly candidate: number;
  readonly stable: number;
}

/**
 * By how hang-together stable's outcomes were: the candidate is taken to be of the same kind until it is shown
 * to be worse, never by its own failures, or one that fails for good would excuse itself.
 * @param total what both versions had since the warm-up; tells how their traffic compares
 */
export function burstEffects(dispersion: Dispersion, total: ArmCounts): BurstEffects {
  const share = total.stable.requests > 0 ? total.candidate.requests / total.stable.requests : 1;
  return { candidate: designEffect(dispersion, share), stable: designEffect(dispersion, 1) };
}

/** Both versions' counts, worth what they tell. */
export function deflatePair(pair: ArmCounts, effects: BurstEffects): ArmCounts {
  return {
    candidate: deflate(pair.candidate, effects.candidate),
    stable: deflate(pair.stable, effects.stable),
  };
}
