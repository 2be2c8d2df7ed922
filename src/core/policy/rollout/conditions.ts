import type { RolloutCondition } from './state.ts';
import type { Turn } from './turn.ts';

type Judgement = Omit<RolloutCondition, 'lastTransitionMs'>;

/** The state in the words of Kubernetes; a condition's time is that of its last change of status. */
export function conditionsOf(turn: Turn): readonly RolloutCondition[] {
  return [progressing(turn), healthy(turn), converged(turn), completed(turn)].map((now) => {
    const before = turn.state.conditions.find((condition) => condition.type === now.type);
    const lastTransitionMs =
      before !== undefined && before.status === now.status ? before.lastTransitionMs : turn.input.nowMs;
    return { ...now, lastTransitionMs };
  });
}

function progressing({ state, input }: Turn): Judgement {
  const { phase, reason, message } = state;
  if (input.frozen) {
    const text = 'the kill switch is on: nothing is changed automatically';
    return { type: 'Progressing', status: 'False', reason: 'KillSwitch', message: text };
  }
  const stands = ['Paused', 'Frozen', 'Holding', 'RollingBack', 'RolledBack', 'Superseded'].includes(phase);
  return { type: 'Progressing', status: stands ? 'False' : 'True', reason, message };
}

function healthy({ evidence }: Turn): Judgement {
  const acting = evidence.filter((each) => !each.dryRun);
  const texts = (verdict: string) =>
    acting
      .filter((each) => each.verdict === verdict)
      .map((each) => `${each.gate}: ${each.message}`)
      .join('; ');
  const breached = texts('breach');
  if (breached !== '') return { type: 'Healthy', status: 'False', reason: 'GateBreached', message: breached };
  const dark = texts('no-data');
  if (dark !== '') return { type: 'Healthy', status: 'Unknown', reason: 'NoData', message: dark };
  if (acting.length === 0) {
    return { type: 'Healthy', status: 'Unknown', reason: 'NotJudged', message: 'no gate has looked' };
  }
  return { type: 'Healthy', status: 'True', reason: 'GatesHold', message: 'no gate is breached' };
}

function converged({ acknowledged, input }: Turn): Judgement {
  const { connected, laggards } = input.acknowledged;
  return {
    type: 'Converged',
    status: acknowledged ? 'True' : 'False',
    reason: acknowledged ? 'Acknowledged' : 'Waiting',
    message: `${connected - laggards.length} of ${connected} sidecars have the weights`,
  };
}

function completed({ state }: Turn): Judgement {
  const done = state.phase === 'Completed';
  return { type: 'Completed', status: done ? 'True' : 'False', reason: state.phase, message: state.message };
}
