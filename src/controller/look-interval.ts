import type { ModelRollout } from '../core/api/model-rollout.ts';
import type { ServiceOutcome } from '../core/decide/service-look.ts';

/** An increase of a share waits for the decrease of another: milliseconds, where sidecars follow. */
const SHARES_LOOK_MS = 100;
/** Each step back of a breaker waits for a look. */
const PROBES_LOOK_MS = 250;

/** The shortest time between two looks that a rollout, a limit whose shares wait, or a breaker's probes ask for, ms. */
export function lookIntervalMs(
  longestMs: number,
  rollouts: Iterable<ModelRollout>,
  outcomes: Iterable<Pick<ServiceOutcome, 'limits' | 'breaker'>>,
): number {
  const wanted = [...rollouts].map(({ spec }) => spec.analysis.interval);
  const hurried = [...outcomes].flatMap(({ limits, breaker }) => [
    ...(limits.waiting ? [SHARES_LOOK_MS] : []),
    ...(breaker?.state.phase === 'HALF_OPEN' ? [PROBES_LOOK_MS] : []),
  ]);
  return Math.min(longestMs, ...wanted, ...hurried);
}
