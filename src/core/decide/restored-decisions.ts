import { NO_DECISIONS, type ServiceDecisions } from '../assemble/decisions.ts';
import type { SharesState } from '../policy/limiter/divide-limit.ts';
import type { RolloutTraffic } from '../policy/rollout/decision.ts';
import type { ServiceState } from './service-look.ts';

/**
 * What was in force by a saved state, before anything new is known: what a service keeps after a restart when
 * it cannot be looked at. A breaker that was not closed is taken for open.
 */
export function restoredDecisions(state: ServiceState): ServiceDecisions {
  const traffic = state.rollout && (JSON.parse(state.rollout.state.traffic) as RolloutTraffic);
  return {
    ...NO_DECISIONS,
    weights: traffic?.weights,
    slices: traffic?.slices ?? [],
    salt: traffic?.salt ?? '',
    mirror: traffic?.mirror,
    admitted: state.breaker === undefined || state.breaker.phase === 'CLOSED' ? undefined : 0,
    endpointFactors: new Map(
      Object.entries(state.balance).map(([version, { published }]) => [
        version,
        new Map(Object.entries(published)),
      ]),
    ),
    overflow: publishedOverflow(state.overflow),
    limitRates: new Map(
      Object.entries(state.limits.limits).flatMap(([name, { published }]) =>
        published === undefined ? [] : [[name, published]],
      ),
    ),
    limitShares: new Map(
      Object.entries(state.limits.limits).flatMap(([name, { shares }]) =>
        shares === undefined ? [] : [[name, publishedShares(shares)]],
      ),
    ),
  };
}

/** Nothing for a version that does not overflow. */
function publishedOverflow(overflow: ServiceState['overflow']): ServiceDecisions['overflow'] {
  return new Map(
    Object.entries(overflow).flatMap(([version, { published }]) =>
      published > 0 ? [[version, published]] : [],
    ),
  );
}

function publishedShares(shares: SharesState): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(shares).map(([id, { published }]) => [id, published]));
}
