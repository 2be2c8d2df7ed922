import type { RolloutCommand } from './decision.ts';
import { isOver, restart } from './open-turn.ts';
import { enterStage, rollBack } from './ramp.ts';
import type { RolloutState } from './state.ts';
import { type Turn, tell } from './turn.ts';

/** Abort is looked at first, in every phase: before data, pauses, confirmations and the kill switch. */
export function applyAbort(turn: Turn): Turn {
  const { phase } = turn.state;
  const asked = turn.input.commands.find((command) => command.type === 'abort');
  if (asked === undefined || phase === 'RollingBack' || phase === 'RolledBack') return turn;
  if (asked.because !== undefined) return rollBack(turn, 'BreakerOpened', asked.because);
  return rollBack(turn, 'Aborted', 'a person aborted the rollout');
}

/** The other commands, in their order. One that has no meaning in the present phase says so and does nothing. */
export function applyCommands(turn: Turn): Turn {
  return turn.input.commands
    .filter((command) => command.type !== 'abort')
    .reduce((current, command) => apply(current, command), turn);
}

function apply(turn: Turn, command: RolloutCommand): Turn {
  switch (command.type) {
    case 'promote':
      return promote(turn, command.full);
    case 'pause':
      if (isOver(turn.state)) return refuse(turn, command.type);
      return tell(
        with_(turn, { pausedByCommand: true }),
        'Normal',
        'PauseAsked',
        'a person paused the rollout',
      );
    case 'resume':
      if (isOver(turn.state)) return refuse(turn, command.type);
      return resume(turn);
    case 'retry':
      if (turn.state.phase !== 'RolledBack') return refuse(turn, command.type);
      return retry(turn);
    case 'abort':
      return turn;
  }
}

/** A person's word takes the place of time, traffic and webhooks, never that of a rollback or of replicas. */
function promote(turn: Turn, full: boolean): Turn {
  if (isOver(turn.state)) return refuse(turn, 'promote');
  const { replicas } = turn.input;
  if (replicas?.enough === false) {
    return tell(turn, 'Warning', 'CommandRefused', `promote has to wait: ${replicas.message}`);
  }
  const last = turn.stages.length - 1;
  const next = full ? last : Math.min(last, turn.state.stage + 1);
  return enterStage(forgetFreezes(with_(turn, { pausedByCommand: false })), next, 'a person promoted it');
}

function resume(turn: Turn): Turn {
  const resumed = with_(forgetFreezes(turn), { pausedByCommand: false, pullBacks: 0 });
  return tell(resumed, 'Normal', 'ResumeAsked', 'a person resumed the rollout');
}

function retry(turn: Turn): Turn {
  const fresh = restart(turn.input, turn.state);
  return tell({ ...turn, state: fresh }, 'Normal', 'Retried', 'a person asked for another try');
}

/** Gates that froze or pulled back begin anew: a person looked at what they found. Those that roll back do not. */
function forgetFreezes(turn: Turn): Turn {
  const kept = Object.entries(turn.state.gates).filter(([name]) => {
    const metric = turn.input.spec.analysis.metrics.find((each) => each.name === name);
    return metric?.onBreach === 'Rollback';
  });
  return with_(turn, { gates: Object.fromEntries(kept) });
}

function refuse(turn: Turn, command: string): Turn {
  return tell(turn, 'Warning', 'CommandRefused', `${command} has no meaning while ${turn.state.phase}`);
}

function with_(turn: Turn, patch: Partial<RolloutState>): Turn {
  return { ...turn, state: { ...turn.state, ...patch } };
}
