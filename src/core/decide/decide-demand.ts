import type { Reading } from '../observation/reading.ts';
import type { BreakerDecision } from '../policy/breaker/decision.ts';
import { decideCapacity } from '../policy/capacity/decide-capacity.ts';
import type { RolloutPhase } from '../policy/rollout/state.ts';
import {
  type DemandDecision,
  NEW_VERSION_DEMAND,
  type VersionDemand,
  type VersionDemandState,
} from './demand-state.ts';
import { type Expectation, expectedTraffic } from './expected-traffic.ts';
import { followEndpoints, measureVersion, replicasOf } from './measure-demand.ts';
import type { ServiceLook, ServiceState } from './service-look.ts';

/** While the weights are on their way, fewer replicas are not asked for. */
const MOVING: ReadonlySet<RolloutPhase> = new Set([
  'Warming',
  'Progressing',
  'Frozen',
  'Holding',
  'Promoting',
  'RollingBack',
]);

/**
 * One look at the demand for replicas of each version: what clients offer, never what is served, and what a rollout
 * is about to send there.
 * @param now the state after this look's other policies
 * @param factors deratings by version and `ADDRESS:PORT`
 */
export function decideDemand(
  look: ServiceLook,
  now: Pick<ServiceState, 'rollout'>,
  breaker: BreakerDecision | undefined,
  factors: ReadonlyMap<string, ReadonlyMap<string, number>>,
): DemandDecision {
  const before = look.state.demand;
  const spec = look.policy?.spec.scaling;
  if (spec === undefined) return { state: before, versions: new Map() };
  const elapsedMs = before.lastMs === 0 ? 0 : Math.max(0, look.nowMs - before.lastMs);
  const breakerClosed = breaker === undefined || breaker.state.phase === 'CLOSED';
  const rates = new Map(
    [...look.endpoints.keys()].map((version) => {
      const known = before.versions[version] ?? NEW_VERSION_DEMAND;
      return [version, measureVersion(look, version, known, elapsedMs, breakerClosed)] as const;
    }),
  );
  const endpoints = followEndpoints(look, elapsedMs);
  const expected = expectedTraffic(look, now, rates);
  const interlocks = { breakerClosed, rolloutMoving: MOVING.has(now.rollout?.state.phase ?? 'Completed') };
  const versions = new Map<string, VersionDemand>();
  const states: Record<string, VersionDemandState> = {};
  for (const [version, rate] of rates) {
    const provided = expected.get(version) ?? { perSecond: rate.offered, why: undefined };
    const decision = decideCapacity({
      spec,
      offered: readingOf(look, version, rate, provided),
      replicas: replicasOf(look, version, rate.offered, factors.get(version), endpoints),
      interlocks,
      previous: rate.replicas,
      nowMs: look.nowMs,
    });
    // Frozen means that nothing changes by itself.
    const replicas = look.frozen ? (rate.replicas ?? decision.replicas) : decision.replicas;
    states[version] = { ...rate, replicas };
    versions.set(version, {
      ...decision,
      replicas,
      requestsPerSecond: replicas * spec.requestsPerSecondPerReplica,
      message: provided.why === undefined ? decision.message : `${decision.message}; ${provided.why}`,
      offered: rate.knownMs === look.nowMs ? rate.offered : undefined,
      provided: provided.perSecond,
    });
  }
  return { state: { lastMs: look.nowMs, versions: states, endpoints }, versions };
}

function readingOf(
  look: ServiceLook,
  version: string,
  rate: VersionDemandState,
  provided: Expectation,
): Reading<number> {
  if (rate.knownMs === look.nowMs) return { kind: 'value', value: provided.perSecond, at: look.nowMs };
  const requests = look.observation.versions.get(version)?.requests;
  return requests === undefined || requests.kind === 'value'
    ? { kind: 'missing', detail: 'nothing was measured yet' }
    : requests;
}
