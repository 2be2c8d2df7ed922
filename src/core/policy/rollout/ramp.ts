import { TOTAL_WEIGHT } from '../../ir/ir.ts';
import { stageAtOrBelow } from './plan.ts';
import { sliceWeights } from './traffic.ts';
import { type Ask, move, type Turn } from './turn.ts';
import { weightPercent } from './wording.ts';

/** All traffic back, at once. */
export function rollBack(turn: Turn, reason: string, message: string): Turn {
  return unconfirmed(move(turn, 'RollingBack', reason, message, { pausedByCommand: false }));
}

/** The next stage, or the promotion when it is the last. */
export function enterStage(turn: Turn, stage: number, because: string): Turn {
  const { stages, state } = turn;
  const weight = stages[stage]?.weight ?? TOTAL_WEIGHT;
  const patch = {
    stage,
    candidateWeight: weight,
    timers: { ...state.timers, stageMs: 0, stagnantMs: 0, bakingMs: 0 },
  };
  const text = `${describeStage(turn, stage)} (${because})`;
  if (stage >= stages.length - 1) return unconfirmed(move(turn, 'Promoting', 'Promoted', text, patch));
  const warm = state.timers.warmMs >= turn.input.spec.analysis.warmUp;
  return unconfirmed(move(turn, warm ? 'Progressing' : 'Warming', `Step${stage + 1}`, text, patch));
}

/** `step 2 of 5: weight 15 %, internal 100 %` */
export function describeStage({ stages, input }: Turn, stage: number): string {
  const at = stages[stage];
  const slices = sliceWeights(input.spec, at).map(([name, weight]) => `, ${name} ${weightPercent(weight)}`);
  const what =
    at === undefined || at.kind === 'weight'
      ? `weight ${weightPercent(at?.weight ?? TOTAL_WEIGHT)}${slices.join('')}`
      : at.kind === 'mirror'
        ? `copies of ${at.mirrorPercent} % of the requests`
        : 'preview';
  return `step ${stage + 1} of ${stages.length}: ${what}`;
}

/**
 * Back to a weight, not out: the ramp goes on from the nearest stage below once the gates hold again. The gate
 * that asked for it begins anew, since what it knows is of the higher weight.
 */
export function pullBack(turn: Turn, gate: string, percent: number, because: string): Turn {
  const { state, stages } = turn;
  const weight = Math.round((percent * TOTAL_WEIGHT) / 100);
  const { [gate]: _, ...gates } = state.gates;
  const message = `pulled back to ${weightPercent(weight)}: ${because}`;
  const pulled = move(turn, 'Frozen', 'PulledBack', message, {
    stage: stageAtOrBelow(stages.slice(0, -1), weight),
    candidateWeight: weight,
    pullBacks: state.pullBacks + 1,
    gates,
    timers: { ...state.timers, stageMs: 0, stagnantMs: 0 },
  });
  return unconfirmed(pulled);
}

/** What was acknowledged is the traffic of before. */
export function unconfirmed(turn: Turn): Turn {
  return { ...turn, acknowledged: false };
}

/** The webhook that must say yes before `stage` is entered, unless it did; undefined: nobody is in the way. */
export function pendingAsk(turn: Turn, stage: number): Ask | undefined {
  const type =
    stage >= turn.stages.length - 1 ? 'confirm-promotion' : stage === 0 ? 'confirm-rollout' : 'confirm-step';
  if (!turn.input.spec.analysis.webhooks.some((hook) => hook.type === type)) return undefined;
  const key = `${type}/${turn.state.attempt}.${stage}`;
  return turn.input.answers.get(key) === 'yes' ? undefined : { key, type };
}

/** `waiting for confirm-step`, or that it said no. */
export function describeAsk({ input }: Turn, { key, type }: Ask): string {
  return input.answers.get(key) === 'no' ? `${type} said no; it is asked again` : `waiting for ${type}`;
}
