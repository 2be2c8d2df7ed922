import type { GateMemory } from './gate-memory.ts';

/**
 * Where a rollout is.
 * - Pending: nothing has moved yet. Warming: the candidate's first requests, which are not counted.
 * - Progressing: the ramp. Paused: by a person. Frozen: by evidence or laggards. Holding: without data.
 * - Promoting: all traffic is being moved. Baking: it has moved, stable stays warm. Completed: over, for good.
 * - RollingBack, RolledBack: the same backwards. Superseded: another candidate took its place.
 */
export type RolloutPhase =
  | 'Pending'
  | 'Warming'
  | 'Progressing'
  | 'Paused'
  | 'Frozen'
  | 'Holding'
  | 'Promoting'
  | 'Baking'
  | 'Completed'
  | 'RollingBack'
  | 'RolledBack'
  | 'Superseded';

/** As Kubernetes users know them. */
export interface RolloutCondition {
  readonly type: 'Progressing' | 'Healthy' | 'Converged' | 'Completed';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionMs: number;
}

/** Time that was seen to pass, summed look by look: no step of the clock lengthens or shortens it much. */
export interface RolloutTimers {
  /** Time of the previous look. */
  readonly lastMs: number;
  /** Since the candidate's first traffic was acknowledged. */
  readonly warmMs: number;
  /** In this stage with its weight acknowledged, data at hand and nobody objecting. */
  readonly stageMs: number;
  /** Without progress, though nothing but the gates, the data or the sidecars is waited for. */
  readonly stagnantMs: number;
  /** Since the present weights were decided, without enough acknowledgements. */
  readonly unacknowledgedMs: number;
  /** Since the promotion, with data. */
  readonly bakingMs: number;
}

/** All that a rollout remembers: a plain value, saved as JSON and read back after a restart. */
export interface RolloutState {
  readonly phase: RolloutPhase;
  readonly phaseSinceMs: number;
  /** Why it is in this phase: a word for machines and a sentence for people. */
  readonly reason: string;
  readonly message: string;
  /** Who is compared with whom; another one is another rollout. */
  readonly identity: string;
  /** The stages as they were decided by, as JSON: tells an edit in mid-flight. */
  readonly plan: string;
  /** Index of the stage; −1 before the first. */
  readonly stage: number;
  /** The candidate's weight of TOTAL_WEIGHT, in its slice where there is one. */
  readonly candidateWeight: number;
  /** Rises with every change of weights or mirror; acknowledgements are for one revision. */
  readonly revision: number;
  /** Rises with every new beginning; a webhook is asked anew in each. */
  readonly attempt: number;
  /** The traffic of that revision, as JSON. */
  readonly traffic: string;
  /** A person said pause. */
  readonly pausedByCommand: boolean;
  /** How often a gate pulled the weight back. */
  readonly pullBacks: number;
  readonly timers: RolloutTimers;
  /** By gate name. */
  readonly gates: Readonly<Record<string, GateMemory>>;
  readonly conditions: readonly RolloutCondition[];
}
