import type { RolloutDecision } from '../policy/rollout/decision.ts';
import { identityOf } from '../policy/rollout/open-turn.ts';
import type { RolloutState } from '../policy/rollout/state.ts';
import type { ServiceLook, ServiceState } from './service-look.ts';

/**
 * What a service's rollout remembers at this look. A rollout of another name begins anew, whatever the last one
 * did. One that was removed from the specs and is put back within its retention, for the same two versions, goes
 * on where it was: a deployment that loses a file for a minute starts nothing again, least of all what was rolled
 * back. The time in between counts for nothing.
 */
export function rememberedRollout({ rollout, state, nowMs }: ServiceLook): RolloutState | undefined {
  if (rollout === undefined) return undefined;
  const { name } = rollout.metadata;
  if (state.rollout?.name === name) return state.rollout.state;
  const { shelved } = state;
  if (shelved?.name !== name || Math.abs(nowMs - shelved.removedAt) > rollout.spec.retention)
    return undefined;
  if (shelved.state.identity !== identityOf(rollout)) return undefined;
  // Its traffic was not in force meanwhile: it is published, and acknowledged, anew.
  return { ...shelved.state, traffic: '', timers: { ...shelved.state.timers, lastMs: nowMs } };
}

/** What is remembered after the look. */
export function nextRollout(
  look: ServiceLook,
  decision: RolloutDecision | undefined,
): Pick<ServiceState, 'rollout' | 'shelved'> {
  const { rollout, shelved } = look.state;
  if (look.rollout === undefined) {
    return { rollout: undefined, shelved: rollout ? { ...rollout, removedAt: look.nowMs } : shelved };
  }
  const { name } = look.rollout.metadata;
  if (decision === undefined) return { rollout, shelved };
  const known = rollout?.name === name ? rollout : rememberedRollout(look) && shelved;
  const startedAt = known?.startedAt ?? look.nowMs;
  return { rollout: { name, state: decision.state, startedAt }, shelved: undefined };
}
