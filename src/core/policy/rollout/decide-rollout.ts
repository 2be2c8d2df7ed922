import { baking, promoting } from './after-promotion.ts';
import { applyAbort, applyCommands } from './commands.ts';
import { conditionsOf } from './conditions.ts';
import type { RolloutDecision, RolloutInput } from './decision.ts';
import { identityOf, openTurn, restart } from './open-turn.ts';
import { isWarm, pend, progress, warmUp } from './progress.ts';
import { rollBack, unconfirmed } from './ramp.ts';
import type { RolloutPhase, RolloutState } from './state.ts';
import { trafficOf } from './traffic.ts';
import { move, type Turn, tell } from './turn.ts';

const SETTLED: readonly RolloutPhase[] = ['Completed', 'RolledBack'];

/**
 * One look at a rollout: what is known now and what was remembered becomes where traffic goes and why.
 *
 * Pure: time comes in, state goes out, and handing the returned state back (also by way of JSON, after a
 * restart) goes on where it was. `input.observation` holds increments since the previous look, and
 * `input.acknowledged` tells how far the weights of `revision` have come. Looking more often costs no
 * confidence (see core/stats), so extra looks, after a command or an acknowledgement, are welcome.
 */
export function decideRollout(input: RolloutInput): RolloutDecision {
  const turn = judge(applyAbort(replaceCandidate(openTurn(input))));
  return close(turn);
}

/** Abort has been looked at; then whether there is a candidate, then people, then the phase's own matter. */
function judge(turn: Turn): Turn {
  const { service, spec } = turn.input;
  const there = service.versions.some((version) => version.name === spec.candidate);
  if (!there && !isOnTheWayBack(turn.state)) return candidateGone(turn);
  const commanded = applyCommands(turn);
  switch (commanded.state.phase) {
    case 'Superseded':
      return commanded.acknowledged ? beginAnew(commanded) : commanded;
    case 'RollingBack':
      return finishRollback(commanded);
    case 'RolledBack':
    case 'Completed':
      return commanded;
    case 'Pending':
      return pend(commanded);
    case 'Promoting':
      return promoting(commanded);
    case 'Baking':
      return baking(commanded);
    case 'Warming':
    case 'Progressing':
    case 'Paused':
    case 'Frozen':
    case 'Holding':
      return goOn(commanded);
  }
}

/** Goes on where it stood: before the first traffic, in the warm-up, or on the ramp. */
function goOn(turn: Turn): Turn {
  if (turn.state.stage < 0 && turn.state.candidateWeight === 0) return pend(turn);
  return isWarm(turn) ? progress(turn) : warmUp(turn);
}

function isOnTheWayBack(state: RolloutState): boolean {
  return state.phase === 'RollingBack' || state.phase === 'RolledBack' || state.phase === 'Superseded';
}

function candidateGone(turn: Turn): Turn {
  const text = `${turn.input.spec.candidate} is not a version of ${turn.input.spec.targetRef.name}`;
  const idle = turn.state.stage < 0;
  return idle ? move(turn, 'Pending', 'NoCandidate', text) : rollBack(turn, 'NoCandidate', text);
}

/** Another candidate (or stable version) than the one that was being rolled out: all traffic to stable first. */
function replaceCandidate(turn: Turn): Turn {
  const identity = identityOf(turn.input);
  if (identity === turn.state.identity) return turn;
  const message = `superseded: ${turn.input.spec.candidate} is to follow ${turn.input.spec.stable}`;
  const patch = { identity, gates: {}, stage: -1, candidateWeight: 0 };
  return unconfirmed(move(turn, 'Superseded', 'SpecChanged', message, patch));
}

function beginAnew(turn: Turn): Turn {
  const fresh = restart(turn.input, turn.state);
  return tell({ ...turn, state: fresh }, 'Normal', 'Created', 'a new rollout begins');
}

function finishRollback(turn: Turn): Turn {
  if (!turn.acknowledged) return turn;
  return move(turn, 'RolledBack', turn.state.reason, turn.state.message, { candidateWeight: 0 });
}

/** Publishes: a revision for every change of traffic, conditions, and the time of the next look. */
function close(turn: Turn): RolloutDecision {
  const { input } = turn;
  const traffic = trafficOf(input, turn.state, turn.stages);
  const published = JSON.stringify(traffic);
  const changed = published !== turn.state.traffic;
  const revised: RolloutState = changed
    ? {
        ...turn.state,
        revision: turn.state.revision + 1,
        traffic: published,
        timers: { ...turn.state.timers, unacknowledgedMs: 0 },
      }
    : turn.state;
  const conditions = conditionsOf({ ...turn, acknowledged: turn.acknowledged && !changed, state: revised });
  const state = { ...revised, conditions };
  return {
    ...traffic,
    state,
    revision: state.revision,
    events: turn.events,
    evidence: turn.evidence,
    conditions,
    asks: turn.asks,
    nextLookMs: SETTLED.includes(state.phase) ? undefined : input.nowMs + input.spec.analysis.interval,
  };
}
