import { TOTAL_WEIGHT } from '../ir/ir.ts';
import type { CandidateReplicas } from '../policy/rollout/decision.ts';
import type { RolloutPhase } from '../policy/rollout/state.ts';
import { decideWorkload } from '../policy/workload/decide-workload.ts';
import type { ScaledRollout, WorkloadDecision } from '../policy/workload/decision.ts';
import type { DemandDecision } from './demand-state.ts';
import { shareInRollout } from './expected-traffic.ts';
import type { PolicyEvent, ServiceLook, ServiceState } from './service-look.ts';

const STANDING: Readonly<Partial<Record<RolloutPhase, ScaledRollout['standing']>>> = {
  Completed: 'completed',
  RolledBack: 'over',
  Superseded: 'over',
};

/** The replicas that a rollout's versions are to have after this look. */
export function decideRolloutWorkload(
  look: ServiceLook,
  now: Pick<ServiceState, 'rollout'>,
  demand: DemandDecision,
): WorkloadDecision {
  const needs = needsOf(look, now, demand);
  return decideWorkload({
    workloads: look.workloads ?? new Map(),
    rollout: look.workloads?.size ? scaledRollout(look, now) : undefined,
    needs,
    named: namedVersions(look, now),
    frozen: look.frozen,
    state: look.state.workload,
    nowMs: look.nowMs,
  });
}

/** What autoscalers are told: not more than a rollout's surge leaves each version. */
export function boundDemand(look: ServiceLook, demand: DemandDecision, { bounds }: WorkloadDecision) {
  const perReplica = look.policy?.spec.scaling?.requestsPerSecondPerReplica ?? 0;
  const versions = new Map(
    [...demand.versions].map(([version, decision]) => {
      const bound = bounds.get(version) ?? decision.replicas;
      if (bound >= decision.replicas) return [version, decision];
      const message = `${decision.message}; maxSurge of the rollout leaves room for ${bound}`;
      return [version, { ...decision, replicas: bound, requestsPerSecond: bound * perReplica, message }];
    }),
  );
  return { ...demand, versions };
}

/** Whether the candidate has the replicas for its next stage; undefined where nobody scales it. */
export function candidateReplicas(look: ServiceLook): CandidateReplicas | undefined {
  const { rollout, workloads, state } = look;
  const candidate = rollout?.spec.candidate ?? '';
  const known = workloads?.get(candidate);
  if (known === undefined) return undefined;
  const name = `Deployment ${known.name}`;
  const need = state.workload.candidate;
  if (need?.version !== candidate)
    return { enough: false, message: `how many of ${name} are needed is not known yet` };
  const ready = readyReplicas(look, candidate);
  const trouble = known.trouble === undefined ? '' : `: ${known.trouble}`;
  const bound = need.allowed < need.needed ? `; maxSurge leaves room for ${need.allowed} now` : '';
  const message = `${ready} of ${need.needed} replicas of ${name} are ready${trouble}${bound}`;
  return { enough: ready >= need.needed, message };
}

/** Events for targets that were not there before, or were others. */
export function workloadEvents(look: ServiceLook, { targets }: WorkloadDecision): readonly PolicyEvent[] {
  const { told } = look.state.workload;
  return [...targets].flatMap(([version, { why, atMost }]) => {
    if (told[version] === why) return [];
    const name = look.workloads?.get(version)?.name;
    return [
      {
        at: look.nowMs,
        subject: `Workload/${look.observation.service}`,
        reason: atMost === 0 ? 'ScalingDown' : 'Scaling',
        message: `${version} (Deployment ${name}): ${why}`,
        evidence: null,
        change: { before: told[version], after: why },
      },
    ];
  });
}

/** Instances that discovery found ready; what a spec writes down is none of the workload's. */
function readyReplicas({ service, endpoints }: ServiceLook, version: string): number {
  const written = service.spec.versions.find(({ name }) => name === version)?.endpoints.static ?? [];
  return Math.max(0, (endpoints.get(version)?.length ?? 0) - written.length);
}

function scaledRollout(
  { rollout }: ServiceLook,
  now: Pick<ServiceState, 'rollout'>,
): ScaledRollout | undefined {
  const state = now.rollout?.state;
  if (rollout === undefined || state === undefined) return undefined;
  const { stable, candidate, match, scaling } = rollout.spec;
  return {
    stable,
    candidate,
    standing: STANDING[state.phase] ?? 'underWay',
    // How much of all requests a slice is, nobody counts.
    share: match.length > 0 || state.phase === 'RollingBack' ? 0 : state.candidateWeight / TOTAL_WEIGHT,
    acknowledged: state.conditions.some(({ type, status }) => type === 'Converged' && status === 'True'),
    maxSurge: scaling.maxSurge,
    scaleDownDelay: scaling.scaleDownDelay,
  };
}

/**
 * Replicas by version: what the demand law says where a policy tells what one replica serves; else in proportion to
 * what stable had before the first traffic.
 */
function needsOf(
  look: ServiceLook,
  now: Pick<ServiceState, 'rollout'>,
  demand: DemandDecision,
): ReadonlyMap<string, number> {
  const { rollout, state } = look;
  if (demand.versions.size > 0)
    return new Map([...demand.versions].map(([version, { replicas }]) => [version, replicas]));
  if (rollout === undefined) return new Map();
  const { stable, candidate } = rollout.spec;
  const moved = (now.rollout?.state.stage ?? -1) >= 0;
  const all = Math.max(1, moved ? state.workload.baseline : 0, readyReplicas(look, stable));
  const share = shareInRollout(candidate, look, now);
  return new Map([
    [stable, all],
    [candidate, Math.max(1, Math.ceil(all * share))],
  ]);
}

/** Versions that get requests now, or would get them when something else goes wrong or is removed. */
function namedVersions(look: ServiceLook, now: Pick<ServiceState, 'rollout'>): ReadonlySet<string> {
  const { service, rollout, policy } = look;
  const { defaultVersion, mirror } = service.spec;
  const fallback = policy?.spec.breaker?.fallback?.version;
  const phase = now.rollout?.state.phase;
  const standing = phase === undefined ? undefined : STANDING[phase];
  const of = [defaultVersion, mirror?.version, fallback];
  if (rollout !== undefined) {
    const { stable, candidate, rollback } = rollout.spec;
    if (standing !== 'completed') of.push(stable);
    if (standing !== 'over') of.push(candidate);
    if (rollback.to !== 'stable') of.push(rollback.to);
  }
  return new Set(of.filter((version) => version !== undefined));
}
