import { findingText, type Verdict } from '../api/accept-objects.ts';
import type { BreakerStatus, Condition, LimitStatus, RolloutStatus, ServiceStatus } from './status.ts';

/** A condition as the API server keeps it. */
export interface ObjectCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

type Undated = Omit<ObjectCondition, 'lastTransitionTime' | 'observedGeneration'>;

/** Whether Istio's sidecars are tied to Penstock for a service. */
export type AnchorJudgement = Pick<ObjectCondition, 'status' | 'reason' | 'message'>;

/** What is said of every object, whatever its kind. */
export interface CommonStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly ObjectCondition[];
}

/** Of a list in a status: the rest is in the API and on the dashboard. */
const MOST_LAGGARDS = 10;

/**
 * Whether an object is in force, and why not.
 * @param before the conditions that stand there, for the time of the last transition
 */
export function commonStatus(
  verdict: Verdict,
  generation: number,
  before: readonly ObjectCondition[],
  nowMs: number,
): CommonStatus {
  const { inForce, findings } = verdict;
  const warnings = findings.map(findingText).join('\n');
  const accepted: Undated =
    inForce === 'wanted'
      ? { type: 'Accepted', status: 'True', reason: 'Valid', message: warnings || 'it is in force' }
      : {
          type: 'Accepted',
          status: 'False',
          reason: inForce === 'previous' ? 'LastGoodInForce' : 'Invalid',
          message: `${inForce === 'previous' ? 'what was valid last stays in force' : 'it is not in force'}: ${warnings}`,
        };
  return { observedGeneration: generation, conditions: [dated(accepted, before, nowMs)] };
}

/** A ModelService's own part, with its conditions. */
export function serviceObjectStatus(
  status: ServiceStatus,
  {
    breaker,
    anchor,
  }: { readonly breaker: BreakerStatus | undefined; readonly anchor?: AnchorJudgement | undefined },
  common: CommonStatus,
  before: readonly ObjectCondition[],
  nowMs: number,
): object {
  const sharing = status.versions.filter(({ weight }) => weight > 0);
  const empty = sharing.filter(({ endpoints }) => endpoints.length === 0).map(({ name }) => name);
  const endpoints: Undated =
    empty.length === 0
      ? {
          type: 'EndpointsFound',
          status: 'True',
          reason: 'Found',
          message: 'every version with traffic has endpoints',
        }
      : {
          type: 'EndpointsFound',
          status: 'False',
          reason: 'None',
          message: `no endpoint of ${empty.join(', ')} is known`,
        };
  const overlap = status.spec.includes('is found by');
  const distinct: Undated = overlap
    ? { type: 'EndpointsDistinct', status: 'False', reason: 'Overlap', message: status.spec }
    : {
        type: 'EndpointsDistinct',
        status: 'True',
        reason: 'Distinct',
        message: 'no instance stands behind two versions',
      };
  const anchored: readonly Undated[] = anchor === undefined ? [] : [{ type: 'Anchored', ...anchor }];
  const own = [endpoints, distinct, ...anchored];
  return {
    conditions: [...common.conditions, ...own.map((each) => dated(each, before, nowMs))],
    traffic: sharing.map(({ name, weight }) => `${name} ${percentText(weight)}`).join(', '),
    endpoints: status.versions.reduce((sum, { endpoints }) => sum + endpoints.length, 0),
    ...(status.rollout === undefined ? {} : { rollout: status.rollout }),
    ...(breaker === undefined ? {} : { breaker: breaker.phase }),
    versions: status.versions.map(({ name, weight, endpoints }) => ({
      name,
      weightPercent: weight / 100,
      endpoints: endpoints.length,
    })),
  };
}

/** A ModelRollout's own part, with its conditions. */
export function rolloutObjectStatus(status: RolloutStatus, common: CommonStatus): object {
  const { phase, message, weight, step, steps, startedAt, phaseSince, gates, laggards } = status;
  const own = status.conditions.map((each) => objectCondition(each, common.observedGeneration));
  return {
    ...common,
    conditions: [...common.conditions, ...own],
    phase,
    message,
    step: `${Math.min(step + 1, steps.length)}/${steps.length}`,
    weight: percentText(weight),
    weightPercent: weight / 100,
    ...timeOf('startedAt', startedAt),
    ...timeOf('phaseSince', phaseSince),
    gates: gates.map(({ name, verdict }) => ({ name, verdict })),
    laggards: laggards.slice(0, MOST_LAGGARDS),
  };
}

/** A TrafficPolicy's own part. */
export function policyObjectStatus(
  breaker: BreakerStatus | undefined,
  limits: readonly LimitStatus[],
): object {
  return {
    ...(breaker === undefined
      ? {}
      : {
          breaker: {
            phase: breaker.phase,
            admittedPercent: breaker.admitted / 100,
            trips: breaker.trips,
            message: breaker.message,
            ...timeOf('since', breaker.since),
          },
        }),
    limits: limits
      .filter(({ requestsPerSecond }) => Number.isFinite(requestsPerSecond))
      .map(({ name, requestsPerSecond }) => ({
        name,
        requestsPerSecond: Math.round(requestsPerSecond * 100) / 100,
      })),
  };
}

/** Keeps the time of a condition that says what it said. */
function dated(condition: Undated, before: readonly ObjectCondition[], nowMs: number): ObjectCondition {
  const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
  return { ...condition, lastTransitionTime: same?.lastTransitionTime ?? secondsText(nowMs) };
}

function objectCondition(
  { lastTransitionTime, ...condition }: Condition,
  observedGeneration: number,
): ObjectCondition {
  return { ...condition, lastTransitionTime: secondsText(lastTransitionTime), observedGeneration };
}

function timeOf(name: string, ms: number): object {
  return ms === 0 ? {} : { [name]: secondsText(ms) };
}

/** The API server keeps seconds. */
function secondsText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function percentText(weight: number): string {
  return `${weight / 100}%`;
}
