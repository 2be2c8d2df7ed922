import { knownValue } from '../observation/reading.ts';
import type { BalanceDecision } from '../policy/balance/decision.ts';
import type { RolloutPhase } from '../policy/rollout/state.ts';
import type { ServiceLook } from './service-look.ts';

/** After one actuator has moved, the next waits this long for the effect. */
export const DEAD_TIME_MS = 10_000;

/** Phases in which the candidate has traffic that can be taken back. */
const ON_TRIAL: ReadonlySet<RolloutPhase> = new Set([
  'Warming',
  'Progressing',
  'Paused',
  'Frozen',
  'Holding',
  'Promoting',
  'Baking',
]);

/** The version whose failures are the rollout's affair: it has a breaker of its own, which rolls it back. */
export function candidateOnTrial({ rollout, state }: ServiceLook): string | undefined {
  if (rollout === undefined || state.rollout?.name !== rollout.metadata.name) return undefined;
  return ON_TRIAL.has(state.rollout.state.phase) ? rollout.spec.candidate : undefined;
}

/** Fewer requests tell nothing of an endpoint. */
const LEAST_REQUESTS = 3;

/**
 * Whether failures come from few endpoints while at least half of them are well, and something takes traffic from
 * the bad ones: then the breaker, which would refuse all callers, waits.
 */
export function failuresAreLocal({ policy, observation }: ServiceLook): boolean {
  const { breaker, balancing, outlierDetection } = policy?.spec ?? {};
  if (breaker === undefined || (outlierDetection === undefined && (balancing?.shadow ?? true))) return false;
  const rates = [...observation.versions.values()]
    .flatMap(({ endpoints }) => endpoints)
    .flatMap(({ requests }) => {
      const counts = knownValue(requests);
      return counts === undefined || counts.requests < LEAST_REQUESTS
        ? []
        : [(100 * counts.failures) / counts.requests];
    });
  const threshold = breaker.errorThresholdPercent;
  const well = rates.filter((percent) => percent < threshold / 4);
  return rates.some((percent) => percent >= threshold) && 2 * well.length >= rates.length;
}

/** Whether an endpoint has just been derated: the limit waits for what that does to the latency. */
export function hasDerated(balance: ReadonlyMap<string, BalanceDecision>): boolean {
  return [...balance.values()].some(({ events }) =>
    events.some(({ reason }) => reason === 'EndpointDerated'),
  );
}
