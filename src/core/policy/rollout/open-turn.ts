import type { RolloutInput } from './decision.ts';
import { planStages, type Stage, stageAtOrBelow } from './plan.ts';
import type { RolloutState, RolloutTimers } from './state.ts';
import { type Turn, tell } from './turn.ts';

/** Longer gaps between looks (a restart, a clock set forward) count as this: what nobody watched is no proof. */
const LONGEST_LOOK_MS = 60_000;

/** A new rollout. */
function initialState(input: RolloutInput): RolloutState {
  return {
    phase: 'Pending',
    phaseSinceMs: input.nowMs,
    reason: 'Created',
    message: 'nothing has moved yet',
    identity: identityOf(input),
    plan: JSON.stringify(planStages(input.spec.strategy)),
    stage: -1,
    candidateWeight: 0,
    revision: 0,
    attempt: 0,
    traffic: '',
    pausedByCommand: false,
    pullBacks: 0,
    timers: { ...NO_TIME, lastMs: input.nowMs },
    gates: {},
    conditions: [],
  };
}

/** The rollout begins again; what was published stays known. */
export function restart(input: RolloutInput, { revision, traffic, attempt }: RolloutState): RolloutState {
  return { ...initialState(input), revision, traffic, attempt: attempt + 1 };
}

const NO_TIME: RolloutTimers = {
  lastMs: 0,
  warmMs: 0,
  stageMs: 0,
  stagnantMs: 0,
  unacknowledgedMs: 0,
  bakingMs: 0,
};

/** Begins a look: how much time passed, whether the weights are in force, and what an edited spec means. */
export function openTurn(input: RolloutInput): Turn {
  const given = input.state ?? initialState(input);
  const longest = Math.max(LONGEST_LOOK_MS, 3 * input.spec.analysis.interval);
  const elapsedMs = Math.min(longest, Math.max(0, input.nowMs - given.timers.lastMs));
  const acknowledged = isAcknowledged(input, given);
  const unacknowledgedMs = acknowledged ? 0 : given.timers.unacknowledgedMs + elapsedMs;
  const turn: Turn = {
    input,
    stages: planStages(input.spec.strategy),
    elapsedMs,
    acknowledged,
    state: { ...given, timers: { ...given.timers, lastMs: input.nowMs, unacknowledgedMs } },
    events: [],
    evidence: [],
    asks: [],
  };
  return adoptPlan(turn);
}

/** Enough of the connected sidecars have the present weights; with none connected nobody has. */
function isAcknowledged({ acknowledged, spec }: RolloutInput, state: RolloutState): boolean {
  const { revision, connected, laggards } = acknowledged;
  if (revision !== state.revision || connected === 0) return false;
  return 100 * (connected - laggards.length) >= spec.convergence.quorumPercent * connected;
}

/** Who is compared with whom. */
export function identityOf({ spec }: Pick<RolloutInput, 'spec'>): string {
  return JSON.stringify([spec.targetRef.name, spec.stable, spec.candidate]);
}

/** Edited steps: the rollout goes on from the nearest stage that has no more weight than it has now. */
function adoptPlan(turn: Turn): Turn {
  const { state, stages } = turn;
  const plan = JSON.stringify(stages);
  if (plan === state.plan) return turn;
  const adopted = { ...turn, state: { ...state, plan } };
  if (state.stage < 0 || isOver(state)) return adopted;
  const stage = stageAtOrBelow(stages.slice(0, -1), state.candidateWeight);
  const message = `the steps were edited; going on from step ${stage + 1} of ${stages.length}`;
  const weight = weightOf(stages, stage, state.candidateWeight);
  const timers = { ...adopted.state.timers, stageMs: 0, stagnantMs: 0 };
  return tell(
    { ...adopted, state: { ...adopted.state, stage, candidateWeight: weight, timers } },
    'Normal',
    'StepsEdited',
    message,
  );
}

function weightOf(stages: readonly Stage[], stage: number, otherwise: number): number {
  return stages[stage]?.weight ?? otherwise;
}

/** Nothing is being moved any more, or it is being moved back. */
export function isOver(state: RolloutState): boolean {
  return (
    state.phase === 'Promoting' ||
    state.phase === 'Baking' ||
    state.phase === 'Completed' ||
    state.phase === 'RollingBack' ||
    state.phase === 'RolledBack' ||
    state.phase === 'Superseded'
  );
}
