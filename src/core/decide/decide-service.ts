import type { ServiceDecisions } from '../assemble/decisions.ts';
import { decideBalance } from '../policy/balance/decide-balance.ts';
import type { BalanceDecision } from '../policy/balance/decision.ts';
import { decideBreaker } from '../policy/breaker/decide-breaker.ts';
import type { BreakerDecision } from '../policy/breaker/decision.ts';
import { sumVersions } from '../policy/breaker/sum-versions.ts';
import { decideRollout } from '../policy/rollout/decide-rollout.ts';
import type { RolloutCommand, RolloutDecision } from '../policy/rollout/decision.ts';
import { type Dispersion, learnDispersion } from '../stats/dispersion.ts';
import { decideDemand } from './decide-demand.ts';
import { decideLimits } from './decide-limits.ts';
import { candidateOnTrial, DEAD_TIME_MS, failuresAreLocal, hasDerated } from './interlocks.ts';
import type { LimitsDecision } from './limits-decision.ts';
import { lookAtTiers } from './look-at-tiers.ts';
import { restoredDecisions } from './restored-decisions.ts';
import { nextRollout, rememberedRollout } from './rollout-memory.ts';
import { boundDemand, candidateReplicas, decideRolloutWorkload, workloadEvents } from './rollout-workload.ts';
import type { PolicyEvent, ServiceLook, ServiceOutcome, ServiceState } from './service-look.ts';

/**
 * Looks at one service: its rollout, its breaker, the weights of its endpoints and its limits, in that order. The
 * policies know nothing of each other; what one may not do while another acts is said here.
 */
export function decideService(look: ServiceLook): ServiceOutcome {
  const candidate = candidateOnTrial(look);
  const trialBreaker = candidate === undefined ? undefined : lookAtCandidate(look, candidate);
  const rollout = lookAtRollout(look, trialBreaker);
  const breakerHeldMs = heldMs(look);
  const breaker = lookAtBreaker(look, candidate, breakerHeldMs);
  const balance = lookAtEndpoints(look, breaker);
  const overflow = lookAtTiers(look, breaker);
  const deratedAtMs =
    hasDerated(balance) || overflow.events.length > 0 ? look.nowMs : look.state.interlocks.deratedAtMs;
  const settling = Math.abs(look.nowMs - deratedAtMs) < DEAD_TIME_MS;
  const limits = decideLimits(look, settling || (breaker !== undefined && breaker.state.phase !== 'CLOSED'));
  const memory = nextRollout(look, rollout);
  const unbounded = decideDemand(look, memory, breaker, factorsOf(balance));
  const workload = decideRolloutWorkload(look, memory, unbounded);
  const demand = boundDemand(look, unbounded, workload);
  const state: ServiceState = {
    ...memory,
    breaker: breaker?.state,
    interlocks: { trialBreaker: trialBreaker?.state, breakerHeldMs, deratedAtMs },
    breakerTrips: look.state.breakerTrips + (opened(look, breaker) ? 1 : 0),
    balance: Object.fromEntries([...balance].map(([version, decision]) => [version, decision.state])),
    overflow: overflow.state,
    limits: limits.state,
    demand: demand.state,
    workload: workload.state,
    failureDispersion: learnFromServing(look, breaker),
  };
  return {
    state,
    decisions: decisionsOf(look, state, breaker, balance),
    events: [
      ...eventsOf(look, rollout, breaker, balance, limits),
      ...trialEvents(look, candidate, trialBreaker),
      ...overflow.events,
      ...workloadEvents(look, workload),
    ],
    rollout,
    breaker,
    trialBreaker,
    balance,
    limits,
    demand,
    workload,
  };
}

function lookAtRollout(
  look: ServiceLook,
  trialBreaker: BreakerDecision | undefined,
): RolloutDecision | undefined {
  if (look.rollout === undefined || look.rolloutObservation === undefined) return undefined;
  return decideRollout({
    rollout: look.rollout.metadata.name,
    spec: look.rollout.spec,
    service: look.service.spec,
    observation: look.rolloutObservation,
    failureDispersion: look.state.failureDispersion,
    acknowledged: look.acknowledged,
    replicas: candidateReplicas(look),
    commands: [...look.commands, ...rollBackBy(look, trialBreaker)],
    answers: look.answers,
    frozen: look.frozen,
    state: rememberedRollout(look),
    nowMs: look.nowMs,
  });
}

/** Of the version that serves; while the service as a whole is in trouble its failures are no measure of anything. */
function learnFromServing(look: ServiceLook, breaker: BreakerDecision | undefined): Dispersion {
  const { failureDispersion } = look.state;
  if (breaker !== undefined && breaker.state.phase !== 'CLOSED') return failureDispersion;
  const { spec } = look.service;
  const serving = look.rollout?.spec.stable ?? spec.defaultVersion ?? spec.versions[0]?.name ?? '';
  const requests = look.observation.versions.get(serving)?.requests;
  if (requests?.kind !== 'value') return failureDispersion;
  return learnDispersion(failureDispersion, requests.value, look.nowMs);
}

/** A candidate that would open a breaker goes back: that refuses nobody. */
function rollBackBy(look: ServiceLook, breaker: BreakerDecision | undefined): readonly RolloutCommand[] {
  if (breaker?.state.phase !== 'OPEN' || look.policy?.spec.breaker?.shadow) return [];
  return [{ type: 'abort', because: `the candidate's breaker opened: ${breaker.state.message}` }];
}

/** The breaker of the candidate alone, by the same settings. */
function lookAtCandidate(look: ServiceLook, candidate: string): BreakerDecision | undefined {
  const spec = look.policy?.spec.breaker;
  const observation = look.observation.versions.get(candidate);
  if (spec === undefined || observation === undefined) return undefined;
  return decideBreaker({
    spec,
    observation,
    state: look.state.interlocks.trialBreaker,
    seed: `${look.observation.service}/${candidate}`,
    frozen: look.frozen,
    nowMs: look.nowMs,
  });
}

/** How long the breaker has been waiting for weights and ejection to do the work. */
function heldMs(look: ServiceLook): number {
  const since = look.state.breaker?.lastMs ?? look.nowMs;
  return failuresAreLocal(look)
    ? look.state.interlocks.breakerHeldMs + Math.max(0, look.nowMs - since)
    : Math.max(0, look.state.interlocks.breakerHeldMs - Math.max(0, look.nowMs - since));
}

/** The breaker of the service; the failures of a candidate on trial are its own affair. */
function lookAtBreaker(
  look: ServiceLook,
  candidate: string | undefined,
  waitedMs: number,
): BreakerDecision | undefined {
  const spec = look.policy?.spec.breaker;
  if (spec === undefined) return undefined;
  const versions = [...look.observation.versions].filter(([version]) => version !== candidate);
  const closed = (look.state.breaker?.phase ?? 'CLOSED') === 'CLOSED';
  const waits = closed && failuresAreLocal(look) && waitedMs < DEAD_TIME_MS;
  return decideBreaker({
    spec,
    observation: sumVersions(versions.map(([, version]) => version)),
    state: look.state.breaker,
    seed: look.observation.service,
    frozen: look.frozen || waits,
    nowMs: look.nowMs,
  });
}

function opened(look: ServiceLook, breaker: BreakerDecision | undefined): boolean {
  return breaker?.state.phase === 'OPEN' && look.state.breaker?.phase !== 'OPEN';
}

/** While the breaker is not closed every endpoint fails alike: weights would only chase the outage. */
function lookAtEndpoints(
  look: ServiceLook,
  breaker: BreakerDecision | undefined,
): ReadonlyMap<string, BalanceDecision> {
  const decisions = new Map<string, BalanceDecision>();
  const spec = look.policy?.spec.balancing;
  if (spec === undefined) return decisions;
  const interlocked = breaker !== undefined && breaker.state.phase !== 'CLOSED';
  for (const [version, endpoints] of look.endpoints) {
    const decision = decideBalance({
      spec,
      endpoints,
      observation: look.observation.versions.get(version)?.endpoints ?? [],
      state: look.state.balance[version],
      frozen: look.frozen || interlocked,
      nowMs: look.nowMs,
    });
    decisions.set(version, decision);
  }
  return decisions;
}

/** The rollout's traffic is read from its state: it holds between two looks, and after a restart. */
function decisionsOf(
  look: ServiceLook,
  state: ServiceState,
  breaker: BreakerDecision | undefined,
  balance: ReadonlyMap<string, BalanceDecision>,
): ServiceDecisions {
  return {
    ...restoredDecisions(state),
    admitted: look.policy?.spec.breaker?.shadow ? undefined : breaker?.admitted,
    endpointFactors: factorsOf(balance),
    ...(look.policy?.spec.balancing?.shadow ? { overflow: new Map() } : {}),
  };
}

function factorsOf(balance: ReadonlyMap<string, BalanceDecision>): ServiceDecisions['endpointFactors'] {
  return new Map([...balance].map(([version, decision]) => [version, decision.factors]));
}

function eventsOf(
  look: ServiceLook,
  rollout: RolloutDecision | undefined,
  breaker: BreakerDecision | undefined,
  balance: ReadonlyMap<string, BalanceDecision>,
  limits: LimitsDecision,
): readonly PolicyEvent[] {
  const id = look.observation.service;
  const events: PolicyEvent[] = [];
  for (const event of rollout?.events ?? []) {
    const subject = `Rollout/${look.rollout?.metadata.namespace}/${look.rollout?.metadata.name}`;
    events.push({
      ...told(event),
      subject,
      evidence: rollout?.evidence.map(withoutPoints),
      change: weightChange(look, rollout),
    });
  }
  for (const event of breaker?.events ?? []) {
    const change = { before: look.state.breaker?.phase ?? 'CLOSED', after: breaker?.state.phase };
    events.push({ ...told(event), subject: `Breaker/${id}`, evidence: breaker?.evidence, change });
  }
  for (const [version, decision] of balance) {
    for (const event of decision.events) {
      const before = look.state.balance[version]?.published;
      const change = { before, after: Object.fromEntries(decision.factors) };
      events.push({ ...told(event), subject: `Balance/${id}`, evidence: decision.evidence, change });
    }
  }
  for (const event of limits.events) events.push({ ...event, subject: `Limit/${id}`, evidence: null });
  return events;
}

function trialEvents(
  look: ServiceLook,
  candidate: string | undefined,
  breaker: BreakerDecision | undefined,
): readonly PolicyEvent[] {
  const subject = `Breaker/${look.observation.service}/${candidate}`;
  const change = {
    before: look.state.interlocks.trialBreaker?.phase ?? 'CLOSED',
    after: breaker?.state.phase,
  };
  return (breaker?.events ?? []).map((event) => ({
    ...told(event),
    subject,
    evidence: breaker?.evidence,
    change,
  }));
}

function told(event: { readonly atMs: number; readonly reason: string; readonly message: string }) {
  return { at: event.atMs, reason: event.reason, message: event.message };
}

/** The points are for plots; a record keeps the figures. */
function withoutPoints({ points: _, ...evidence }: RolloutDecision['evidence'][number]) {
  return evidence;
}

function weightChange(look: ServiceLook, decision: RolloutDecision | undefined): PolicyEvent['change'] {
  const before = rememberedRollout(look)?.candidateWeight ?? 0;
  const after = decision?.state.candidateWeight ?? before;
  return before === after ? undefined : { before: { candidate: before }, after: { candidate: after } };
}
