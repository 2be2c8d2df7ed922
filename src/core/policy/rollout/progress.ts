import { type Assessment, assess, reasonsOf } from './assessment.ts';
import { observeGates } from './observe-gates.ts';
import type { Stage } from './plan.ts';
import { describeAsk, describeStage, enterStage, pendingAsk, pullBack, rollBack } from './ramp.ts';
import type { RolloutPhase } from './state.ts';
import { sliceWeights } from './traffic.ts';
import { move, type Turn, time } from './turn.ts';
import { observeWarmUp } from './warm-up-watch.ts';
import { weightPercent } from './wording.ts';

/** After this many the weight stays where it was pulled back to until a person resumes. */
const MAX_PULL_BACKS = 2;

/** The stage before the first, and a weight between two stages that a gate pulled back to. */
const NO_STAGE: Stage = { kind: 'weight', weight: 0, pauseMs: 0, mirrorPercent: 0, slices: {} };

/** Before the first traffic. */
export function pend(turn: Turn): Turn {
  if (isPaused(turn)) return move(turn, 'Paused', 'Paused', 'paused before the first traffic');
  if (turn.input.frozen) return turn;
  const waiting = overdue(turn) ?? waitForReplicas(turn, 'Pending');
  if (waiting !== undefined) return waiting;
  const ask = pendingAsk(turn, 0);
  if (ask !== undefined) {
    return { ...move(turn, 'Pending', 'WaitingForWebhook', describeAsk(turn, ask)), asks: [ask] };
  }
  return enterStage(turn, 0, 'the rollout begins');
}

/** The candidate's first requests: slow or failing now and then is forgiven, failing most of them is not. */
export function warmUp(turn: Turn): Turn {
  const seen = observeWarmUp(turn);
  const found = { ...assess(seen), suspicious: [], shared: [], blind: [], blindTooLong: [] };
  const dead = turn.input.frozen ? undefined : retreat(seen, found);
  const waiting = dead ?? halt(seen) ?? overdue(seen) ?? waitForSidecars(seen) ?? freeze(seen, found);
  if (waiting !== undefined) return waiting;
  const warmMs = turn.state.timers.warmMs + turn.elapsedMs;
  const warmer = { ...seen, state: time(seen.state, { warmMs }) };
  const at = describeStage(turn, turn.state.stage);
  if (isWarm(warmer)) return move(warmer, 'Progressing', 'Warm', `warmed up; ${at}`);
  return move(warmer, 'Warming', 'Warming', `the candidate's first requests are not counted; ${at}`);
}

/** The candidate has had its warm-up. */
export function isWarm({ state, input }: Turn): boolean {
  return state.timers.warmMs >= input.spec.analysis.warmUp;
}

/** One look at the ramp: gates first, then everything that may be in the way of the next stage, worst first. */
export function progress(turn: Turn): Turn {
  const stage = turn.stages[turn.state.stage] ?? { ...NO_STAGE, weight: turn.state.candidateWeight };
  const judging = isJudged(turn, stage);
  const seen = judging ? observeGates(turn, turn.acknowledged, undefined) : turn;
  if (turn.input.frozen) return seen;
  const needed = judging && stage.kind !== 'mirror';
  const found = needed ? assess(seen) : { ...assess(seen), blind: [], blindTooLong: [], allPass: true };
  return (
    retreat(seen, found) ??
    halt(seen) ??
    overdue(seen) ??
    waitForSidecars(seen) ??
    freeze(seen, found) ??
    hold(seen, found) ??
    advance(seen, found, stage, needed)
  );
}

/** Whether anything reaches the candidate that gates could judge. */
function isJudged({ input }: Turn, stage: Stage): boolean {
  if (stage.weight > 0 || stage.mirrorPercent > 0) return true;
  if (sliceWeights(input.spec, stage).some(([, weight]) => weight > 0)) return true;
  return stage.kind === 'preview' && (input.spec.strategy.blueGreen?.previewMatch.length ?? 0) > 0;
}

/** Back to stable, or back to a lower weight. */
export function retreat(turn: Turn, found: Assessment): Turn | undefined {
  if (found.rollBack.length > 0) return rollBack(turn, 'GateBreached', reasonsOf(found.rollBack));
  if (found.blindTooLong.length > 0) return rollBack(turn, 'NoData', reasonsOf(found.blindTooLong));
  const lowest = [...found.pullBack].sort((a, b) => a.weight - b.weight)[0];
  if (lowest === undefined || turn.state.candidateWeight <= lowest.weight * 100) return undefined;
  if (lowest.weight === 0) return rollBack(turn, 'GateBreached', reasonsOf([lowest]));
  return pullBack(turn, lowest.metric.name, lowest.weight, reasonsOf([lowest]));
}

/** Waited for the gates, the data or the sidecars for longer than the spec allows. */
function overdue(turn: Turn): Turn | undefined {
  if (turn.state.timers.stagnantMs < turn.input.spec.progressDeadline) return undefined;
  return rollBack(turn, 'DeadlineExceeded', `no progress for too long; last: ${turn.state.message}`);
}

function halt(turn: Turn): Turn | undefined {
  if (!isPaused(turn)) return undefined;
  return move(turn, 'Paused', 'Paused', `paused at ${weightPercent(turn.state.candidateWeight)}`);
}

function isPaused({ state, input }: Turn): boolean {
  return state.pausedByCommand || input.spec.paused;
}

/** Nothing is believed that is not acknowledged; undefined once enough sidecars have the weights. */
function waitForSidecars(turn: Turn): Turn | undefined {
  if (turn.acknowledged) return undefined;
  const { laggards, connected } = turn.input.acknowledged;
  const late = turn.state.timers.unacknowledgedMs >= turn.input.spec.convergence.deadline;
  const phase: RolloutPhase = late ? 'Frozen' : isWarm(turn) ? 'Progressing' : 'Warming';
  const message =
    connected === 0
      ? 'no sidecar is connected that could have the weights'
      : `waiting for ${laggards.length} of ${connected} sidecars: ${laggards.slice(0, 5).join(', ')}`;
  return stagnate(move(turn, phase, late ? 'NotConverged' : 'WaitingForSidecars', message));
}

/** Traffic follows replicas; undefined once the candidate has what its next stage needs. */
function waitForReplicas(turn: Turn, phase: RolloutPhase): Turn | undefined {
  const { replicas } = turn.input;
  if (replicas === undefined || replicas.enough) return undefined;
  return stagnate(move(turn, phase, 'WaitingForReplicas', replicas.message));
}

/** Evidence that something is wrong stops the ramp long before it is enough to go back. */
function freeze(turn: Turn, found: Assessment): Turn | undefined {
  const breached = [...found.freeze, ...found.pullBack];
  if (breached.length > 0) {
    return stagnate(move(turn, 'Frozen', 'GateBreached', reasonsOf(breached)));
  }
  if (found.suspicious.length > 0) {
    return stagnate(move(turn, 'Frozen', 'EvidenceGrowing', reasonsOf(found.suspicious)));
  }
  if (found.shared.length > 0) {
    return stagnate(move(turn, 'Frozen', 'StableBreachesToo', reasonsOf(found.shared)));
  }
  if (turn.state.pullBacks > MAX_PULL_BACKS) {
    const message = `pulled back ${turn.state.pullBacks} times; resume to try again`;
    return stagnate(move(turn, 'Frozen', 'PulledBackAgain', message));
  }
  return undefined;
}

function hold(turn: Turn, found: Assessment): Turn | undefined {
  if (found.blind.length === 0) return undefined;
  return stagnate(move(turn, 'Holding', 'NoData', reasonsOf(found.blind)));
}

/** Nothing is in the way: time passes, and with enough traffic and everybody's yes the next stage begins. */
function advance(turn: Turn, found: Assessment, stage: Stage, judging: boolean): Turn {
  const { state } = turn;
  const ready = !judging || stage.kind === 'mirror' || found.allPass;
  const blind =
    judging && turn.evidence.some((evidence) => evidence.verdict === 'no-data' && !evidence.dryRun);
  const stageMs = state.timers.stageMs + (blind ? 0 : turn.elapsedMs);
  const timed = { ...turn, state: time(state, { stageMs }) };
  if (stageMs < stage.pauseMs) {
    const left = Number.isFinite(stage.pauseMs)
      ? `${Math.ceil((stage.pauseMs - stageMs) / 1000)} s of its pause left`
      : 'until someone promotes';
    const open = ready || Number.isFinite(stage.pauseMs);
    const paused = move(timed, 'Progressing', 'StepPause', `${describeStage(turn, state.stage)}, ${left}`);
    return open ? paused : stagnate(paused);
  }
  if (!ready) {
    return stagnate(move(timed, 'Progressing', 'GatheringEvidence', missingEvidence(turn)));
  }
  const waitingForReplicas = waitForReplicas(timed, 'Progressing');
  if (waitingForReplicas !== undefined) return waitingForReplicas;
  const ask = pendingAsk(turn, state.stage + 1);
  if (ask !== undefined) {
    const waiting = move(timed, 'Progressing', 'WaitingForWebhook', describeAsk(turn, ask));
    return { ...stagnate(waiting), asks: [ask] };
  }
  return enterStage(timed, state.stage + 1, 'all gates hold');
}

/** What the gates still need: `errors: 212 of ~299 requests`. */
function missingEvidence({ evidence }: Turn): string {
  return evidence
    .filter((each) => each.verdict !== 'pass' && !each.dryRun)
    .map(
      (each) => `${each.gate}: ${each.verdict === 'no-data' ? each.message : (each.needed ?? each.message)}`,
    )
    .join('; ');
}

function stagnate(turn: Turn): Turn {
  return { ...turn, state: time(turn.state, { stagnantMs: turn.state.timers.stagnantMs + turn.elapsedMs }) };
}
