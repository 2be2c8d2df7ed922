import type { RolloutEvent, RolloutInput } from './decision.ts';
import type { GateEvidence } from './gate.ts';
import type { Stage } from './plan.ts';
import type { RolloutPhase, RolloutState, RolloutTimers } from './state.ts';

/** One look in the making: what came in, and what was decided of it so far. Never changed in place. */
export interface Turn {
  readonly input: RolloutInput;
  readonly stages: readonly Stage[];
  /** Time that passed since the previous look, as far as it can be believed. */
  readonly elapsedMs: number;
  /** The weights of the previous decision are in force. */
  readonly acknowledged: boolean;
  readonly state: RolloutState;
  readonly events: readonly RolloutEvent[];
  readonly evidence: readonly GateEvidence[];
  readonly asks: readonly Ask[];
}

export interface Ask {
  readonly key: string;
  readonly type: 'confirm-rollout' | 'confirm-step' | 'confirm-promotion';
}

/** Phases that people should hear of with a frown. */
const WORRYING: readonly RolloutPhase[] = ['Frozen', 'Holding', 'RollingBack', 'RolledBack', 'Superseded'];

/** Reasons within a phase that are worth an event; the others only say what is waited for. */
const NOTABLE =
  /^(Step\d+|GateBreached|EvidenceGrowing|StableBreachesToo|PulledBack|PulledBackAgain|NotConverged|WaitingForReplicas)$/;

/** Another phase, or the same for another reason. */
export function move(
  turn: Turn,
  phase: RolloutPhase,
  reason: string,
  message: string,
  patch: Partial<RolloutState> = {},
): Turn {
  const { state } = turn;
  const changed = state.phase !== phase || (state.reason !== reason && NOTABLE.test(reason));
  const next: RolloutState = {
    ...state,
    ...patch,
    phase,
    reason,
    message,
    phaseSinceMs: state.phase === phase ? state.phaseSinceMs : turn.input.nowMs,
  };
  const moved = { ...turn, state: next };
  return changed ? tell(moved, WORRYING.includes(phase) ? 'Warning' : 'Normal', reason, message) : moved;
}

/** An event without a change of phase. */
export function tell(turn: Turn, type: RolloutEvent['type'], reason: string, message: string): Turn {
  return { ...turn, events: [...turn.events, { atMs: turn.input.nowMs, type, reason, message }] };
}

/** Adds to timers, or sets them to zero with `0`. */
export function time(state: RolloutState, timers: Partial<RolloutTimers>): RolloutState {
  return { ...state, timers: { ...state.timers, ...timers } };
}
