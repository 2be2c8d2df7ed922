import type { BreakerDecision } from '../policy/breaker/decision.ts';
import { decideOverflow } from './decide-overflow.ts';
import type { PolicyEvent, ServiceLook, ServiceState } from './service-look.ts';

/** What was decided of the tiers of all versions. */
export interface TiersDecision {
  readonly state: ServiceState['overflow'];
  readonly events: readonly PolicyEvent[];
}

/** A share that changed by so much is told. */
const TOLD = 0.25;

/** Looks at every version with a second tier. While the breaker is not closed, what is served says nothing of room. */
export function lookAtTiers(look: ServiceLook, breaker: BreakerDecision | undefined): TiersDecision {
  const spec = look.policy?.spec.balancing;
  const state: Record<string, ServiceState['overflow'][string]> = {};
  const events: PolicyEvent[] = [];
  if (spec?.overflow === undefined) return { state, events };
  const interlocked = breaker !== undefined && breaker.state.phase !== 'CLOSED';
  for (const [version, first] of look.firstTiers ?? []) {
    const before = look.state.overflow[version];
    const decision = decideOverflow({
      spec,
      first,
      observation: look.observation.versions.get(version)?.endpoints ?? [],
      state: before,
      frozen: look.frozen || interlocked,
      nowMs: look.nowMs,
    });
    state[version] = decision.state;
    const event = tell(look, version, before?.published ?? 0, decision.share, decision.message);
    if (event !== undefined) events.push(event);
  }
  return { state, events };
}

/** Told: that it begins, that it ends, and large changes. */
function tell(
  look: ServiceLook,
  version: string,
  before: number,
  after: number,
  message: string | undefined,
): PolicyEvent | undefined {
  const turned = (before === 0) !== (after === 0);
  if (!turned && Math.abs(after - before) < TOLD) return undefined;
  return {
    at: look.nowMs,
    subject: `Balance/${look.observation.service}`,
    reason: after === 0 ? 'OverflowEnded' : 'Overflowing',
    message: `${version}: ${Math.round(100 * after)} % to the second tier; the first: ${message ?? 'not looked at'}`,
    evidence: null,
    change: { before, after },
  };
}
