import { TOTAL_WEIGHT } from '../ir/ir.ts';
import { planStages } from '../policy/rollout/plan.ts';
import type { RolloutPhase } from '../policy/rollout/state.ts';
import type { ServiceLook, ServiceState } from './service-look.ts';

/** What a version must be able to take. */
export interface Expectation {
  readonly perSecond: number;
  /** Why that is more than what is offered to it now. */
  readonly why: string | undefined;
}

/** From before the first step until stable is let go: it may get everything back any second. */
const UNDER_WAY: ReadonlySet<RolloutPhase> = new Set([
  'Pending',
  'Warming',
  'Progressing',
  'Paused',
  'Frozen',
  'Holding',
  'Promoting',
  'Baking',
  'RollingBack',
]);

/**
 * Requests a second that each version must be able to take: what is offered to it; for the candidate of a rollout
 * the share of its next step, so that its replicas are there first; for stable all of it, so that a rollback finds
 * room. A forecast above what is offered now raises all alike.
 * @param rates what is offered now, by version
 */
export function expectedTraffic(
  look: ServiceLook,
  now: Pick<ServiceState, 'rollout'>,
  rates: ReadonlyMap<string, { readonly offered: number }>,
): ReadonlyMap<string, Expectation> {
  const total = [...rates.values()].reduce((sum, { offered }) => sum + offered, 0);
  const { forecastPerSecond = 0 } = look;
  const rising = total > 0 && forecastPerSecond > total ? forecastPerSecond / total : 1;
  return new Map(
    [...rates].map(([version, { offered }]) => {
      const share = shareInRollout(version, look, now) * total;
      const base = Math.max(offered, share);
      const reasons = [
        ...(share > offered ? ['a rollout needs room for more'] : []),
        ...(rising > 1 ? [`${Math.round(forecastPerSecond)} requests/s are forecast for the service`] : []),
      ];
      return [
        version,
        { perSecond: base * rising, why: reasons.length === 0 ? undefined : reasons.join(', ') },
      ];
    }),
  );
}

/** The part of all requests that a rollout may send to a version with its next move, copies included. */
export function shareInRollout(
  version: string,
  { rollout }: ServiceLook,
  now: Pick<ServiceState, 'rollout'>,
): number {
  const state = now.rollout?.state;
  if (rollout === undefined || state === undefined || !UNDER_WAY.has(state.phase)) return 0;
  if (version === rollout.spec.stable) return 1;
  // The weights of a slice are of requests that nobody counts apart.
  if (version !== rollout.spec.candidate || rollout.spec.match.length > 0) return 0;
  if (state.phase === 'RollingBack') return 0;
  const stages = planStages(rollout.spec.strategy);
  const next = stages[state.stage + 1];
  const copied = Math.max(stages[state.stage]?.mirrorPercent ?? 0, next?.mirrorPercent ?? 0) / 100;
  return Math.max(copied, Math.max(state.candidateWeight, next?.weight ?? TOTAL_WEIGHT) / TOTAL_WEIGHT);
}
