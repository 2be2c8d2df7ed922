import type { ModelRollout } from '../api/model-rollout.ts';
import type { ServiceState } from '../decide/service-look.ts';
import type { RolloutDecision } from '../policy/rollout/decision.ts';
import { type GateEvidence, SUSPICION } from '../policy/rollout/gate.ts';
import { identityOf } from '../policy/rollout/open-turn.ts';
import { planStages } from '../policy/rollout/plan.ts';
import { sliceStatus } from './slice-status.ts';
import type { GateStatus, RolloutStatus } from './status.ts';

/** A rollout for people: where it is, why, and what its gates say. */
export function rolloutStatus(
  rollout: ModelRollout,
  known: ServiceState['rollout'],
  decision: RolloutDecision | undefined,
  distributions: RolloutStatus['distributions'],
  laggards: readonly string[],
): RolloutStatus {
  const { namespace, name } = rollout.metadata;
  const remembered = known?.name === name ? known.state : undefined;
  // Until the first look at an edited spec all that is remembered is of another candidate, its end included.
  const edited = remembered !== undefined && remembered.identity !== identityOf(rollout);
  const state = edited ? undefined : remembered;
  const evidence = edited ? [] : (decision?.evidence ?? []);
  return {
    namespace,
    name,
    service: rollout.spec.targetRef.name,
    stable: rollout.spec.stable,
    candidate: rollout.spec.candidate,
    phase: state?.phase ?? 'Pending',
    message: state?.message ?? (edited ? 'edited, not looked at yet' : 'not looked at yet'),
    weight: state?.candidateWeight ?? 0,
    step: Math.max(0, state?.stage ?? 0),
    steps: planStages(rollout.spec.strategy).map(({ weight, pauseMs }) => ({
      weight,
      pauseMs: Number.isFinite(pauseMs) ? pauseMs : undefined,
    })),
    startedAt: edited ? 0 : (known?.startedAt ?? 0),
    phaseSince: state?.phaseSinceMs ?? 0,
    requests: requestsOf(evidence),
    slices: sliceStatus(rollout, state),
    gates: evidence.map(gateStatus),
    distributions,
    laggards,
    conditions: (state?.conditions ?? []).map(({ lastTransitionMs, ...condition }) => ({
      ...condition,
      lastTransitionTime: lastTransitionMs,
    })),
  };
}

/** `212 of ~299 requests`, of the gate that needs the most. */
function requestsOf(evidence: readonly GateEvidence[]): RolloutStatus['requests'] {
  let most: RolloutStatus['requests'];
  for (const { needed } of evidence) {
    const [, seen, of] = /^(\d+) of ~(\d+)/.exec(needed ?? '') ?? [];
    if (of !== undefined && Number(of) > (most?.needed ?? 0))
      most = { seen: Number(seen), needed: Number(of) };
  }
  return most;
}

function gateStatus(evidence: GateEvidence): GateStatus {
  const latest = evidence.points.at(-1);
  const suspicious = evidence.verdict !== 'breach' && evidence.log10M >= SUSPICION;
  return {
    name: evidence.gate,
    type: evidence.type,
    verdict: suspicious ? 'warning' : evidence.verdict,
    dryRun: evidence.dryRun,
    message: evidence.message,
    source: evidence.source,
    log10Evidence: evidence.log10M,
    log10Bound: evidence.bound,
    stable: latest?.stable,
    candidate: latest?.candidate,
    unit: evidence.type === 'Latency' ? 'ms' : evidence.type === 'Query' ? '' : 'ratio',
  };
}
