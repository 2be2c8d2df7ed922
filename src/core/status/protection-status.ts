import type { ModelService } from '../api/model-service.ts';
import type { BreakerPolicy, TrafficPolicy } from '../api/traffic-policy.ts';
import { adaptiveBurst } from '../assemble/assemble-service.ts';
import type { BreakerDecision, BreakerState } from '../policy/breaker/decision.ts';
import type { BreakerStatus, LimitStatus } from './status.ts';

/**
 * A breaker for people.
 * @param decision of the last look; undefined: another replica looks, and told what follows
 * @param trips since the state began
 */
export function breakerStatus(
  service: ModelService,
  spec: BreakerPolicy,
  decision: BreakerDecision | undefined,
  trips: number,
  known?: BreakerState | undefined,
  admitted?: number | undefined,
): BreakerStatus {
  const { namespace, name } = service.metadata;
  const { state = known, evidence } = decision ?? {};
  return {
    namespace,
    service: name,
    version: undefined,
    phase: state?.phase ?? 'CLOSED',
    since: state?.phaseSinceMs ?? 0,
    admitted: decision?.admitted ?? admitted ?? 10_000,
    message: state?.message ?? 'not looked at yet',
    requests: evidence?.requests ?? 0,
    failures: evidence?.failures ?? 0,
    errorPercent: evidence === undefined || evidence.requests === 0 ? undefined : evidence.errorPercent,
    fallback: fallbackText(spec.fallback),
    trips,
  };
}

/** The breaker of a candidate on trial: it takes nobody's traffic, it rolls the candidate back. */
export function trialBreakerStatus(
  service: ModelService,
  spec: BreakerPolicy,
  version: string,
  decision: BreakerDecision,
): BreakerStatus {
  const trips = decision.state.phase === 'OPEN' ? 1 : 0;
  const status = breakerStatus(service, spec, decision, trips);
  return { ...status, version, admitted: 10_000, fallback: 'rolled back' };
}

function fallbackText(fallback: BreakerPolicy['fallback']): string {
  if (fallback.service !== undefined) return `service ${fallback.service}`;
  if (fallback.version !== undefined) return `version ${fallback.version}`;
  if (fallback.cached !== undefined) return 'cached answers';
  return `${fallback.response?.grpcStatus ?? 'UNAVAILABLE'} response`;
}

type LimitFlow = Pick<LimitStatus, 'admittedPerSecond' | 'refusedPerSecond'>;

/** The limits of a policy for people; the rate of an adaptive one is what was decided last. */
export function limitStatuses(
  service: ModelService,
  policy: TrafficPolicy,
  rates: ReadonlyMap<string, number>,
  flowOf: (limit: string) => LimitFlow | undefined,
): readonly LimitStatus[] {
  const { namespace, name } = service.metadata;
  return policy.spec.rateLimits.map((limit) => ({
    namespace,
    service: name,
    name: limit.name,
    per: limit.per.map(keyText).join(' + ') || 'everybody',
    requestsPerSecond:
      'requestsPerSecond' in limit ? limit.requestsPerSecond : (rates.get(limit.name) ?? Number.NaN),
    burst: 'burst' in limit ? limit.burst : adaptiveBurst(rates.get(limit.name) ?? 0),
    shadow: limit.shadow,
    admittedPerSecond: undefined,
    refusedPerSecond: undefined,
    ...flowOf(`${namespace}/${name}/limits/${limit.name}`),
  }));
}

function keyText(key: TrafficPolicy['spec']['rateLimits'][number]['per'][number]): string {
  if (key.header !== undefined) return `header ${key.header}`;
  if (key.method) return 'method';
  return key.version ? 'version' : 'source IP';
}
