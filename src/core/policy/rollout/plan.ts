import type { RolloutStrategy } from '../../api/model-rollout.ts';
import { TOTAL_WEIGHT } from '../../ir/ir.ts';

/** A stretch of a rollout at one weight. */
export interface Stage {
  readonly kind: 'mirror' | 'preview' | 'weight';
  /** The candidate's weight of TOTAL_WEIGHT. */
  readonly weight: number;
  /** How long the stage lasts at least; Infinity: until someone promotes. */
  readonly pauseMs: number;
  /** Share of the requests that is copied to the candidate, 0: none. */
  readonly mirrorPercent: number;
  /** The candidate's weights in slices that steps have spoken of so far, of TOTAL_WEIGHT by name. */
  readonly slices: Readonly<Record<string, number>>;
}

const HUNDREDTH = TOTAL_WEIGHT / 100;

/**
 * A strategy as a list of stages. The last one has all the weight: reaching it is the promotion, so that pauses
 * after it have no meaning of their own (`retention` is what follows).
 */
export function planStages(strategy: RolloutStrategy): readonly Stage[] {
  const mirror = strategy.mirrorFirst;
  const mirrored: readonly Stage[] =
    mirror === undefined
      ? []
      : [{ kind: 'mirror', weight: 0, pauseMs: mirror.duration, mirrorPercent: mirror.percent, slices: {} }];
  return [...mirrored, ...rampOf(strategy), weightStage(100)];
}

function rampOf(strategy: RolloutStrategy): readonly Stage[] {
  if (strategy.steps !== undefined) return explicitStages(strategy.steps);
  if (strategy.linear !== undefined) return linearStages(strategy.linear);
  const { previewDuration, autoPromote } = strategy.blueGreen ?? { previewDuration: 0, autoPromote: true };
  const pauseMs = autoPromote ? previewDuration : Number.POSITIVE_INFINITY;
  const mirrorPercent = strategy.mirrorFirst?.percent ?? 0;
  return [{ kind: 'preview', weight: 0, pauseMs, mirrorPercent, slices: {} }];
}

function explicitStages(steps: NonNullable<RolloutStrategy['steps']>): readonly Stage[] {
  const stages: Stage[] = [];
  for (const step of steps) {
    if (step.setWeight !== undefined) {
      stages.push(weightStage(step.setWeight, { ...stages.at(-1)?.slices, ...weightsOf(step.slices ?? {}) }));
      continue;
    }
    const pauseMs = step.pause?.duration ?? Number.POSITIVE_INFINITY;
    const last = stages.pop() ?? weightStage(0);
    stages.push({ ...last, pauseMs: last.pauseMs + pauseMs });
  }
  return stages.filter((stage) => stage.weight < TOTAL_WEIGHT);
}

function linearStages(linear: NonNullable<RolloutStrategy['linear']>): readonly Stage[] {
  const stages: Stage[] = [];
  for (let percent = linear.start; percent < linear.max; percent += linear.step) {
    stages.push({ ...weightStage(percent), pauseMs: linear.every });
  }
  if (linear.max >= 100) return stages;
  return [...stages, { ...weightStage(linear.max), pauseMs: Number.POSITIVE_INFINITY }];
}

function weightsOf(percents: Readonly<Record<string, number>>): Stage['slices'] {
  return Object.fromEntries(
    Object.entries(percents).map(([name, percent]) => [name, Math.round(percent * HUNDREDTH)]),
  );
}

function weightStage(percent: number, slices: Stage['slices'] = {}): Stage {
  return { kind: 'weight', weight: Math.round(percent * HUNDREDTH), pauseMs: 0, mirrorPercent: 0, slices };
}

/** Index of the last stage with at most this weight; −1 when all have more. */
export function stageAtOrBelow(stages: readonly Stage[], weight: number): number {
  return stages.findLastIndex((stage) => stage.weight <= weight);
}
