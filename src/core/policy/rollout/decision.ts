import type { ModelRollout } from '../../api/model-rollout.ts';
import type { ModelService } from '../../api/model-service.ts';
import type { WeightIr } from '../../ir/ir.ts';
import type { ServiceObservation } from '../../observation/observation.ts';
import type { Dispersion } from '../../stats/dispersion.ts';
import type { GateEvidence } from './gate.ts';
import type { RolloutCondition, RolloutState } from './state.ts';

/** What a person asks for. `promote` leaves the present stage, or with `full` all stages at once. */
export type RolloutCommand =
  | { readonly type: 'promote'; readonly full: boolean }
  | { readonly type: 'pause' | 'resume' | 'retry' }
  /** `because`: it is not a person who asks, and this is why. */
  | { readonly type: 'abort'; readonly because?: string };

/** How far the weights last decided have come. */
export interface Acknowledgement {
  /** The `revision` of the decision that this is about; an older one says nothing of the present weights. */
  readonly revision: number;
  /** Sidecars that subscribe to the service's routes. */
  readonly connected: number;
  /** Those of them that have not acknowledged. */
  readonly laggards: readonly string[];
}

/** Whether the candidate has the replicas that its next stage needs. */
export interface CandidateReplicas {
  readonly enough: boolean;
  /** `1 of 3 replicas of Deployment fraud-v2 are ready`. */
  readonly message: string;
}

/** What a webhook answered to one of the decision's `asks`; absent: not yet. */
export type Answer = 'yes' | 'no';

export interface RolloutInput {
  /** Name of the rollout, as in the keys of `observation.queries`. */
  readonly rollout: string;
  readonly spec: ModelRollout['spec'];
  readonly service: ModelService['spec'];
  /** Increments since the previous look at this rollout. */
  readonly observation: ServiceObservation;
  /** How the failures of the version that serves hang together, as the service has learned it. */
  readonly failureDispersion: Dispersion;
  readonly acknowledged: Acknowledgement;
  /** Absent: the candidate's replicas are not our affair. */
  readonly replicas?: CandidateReplicas | undefined;
  /** In the order in which they were given; each handed in once. */
  readonly commands: readonly RolloutCommand[];
  readonly answers: ReadonlyMap<string, Answer>;
  /** The kill switch: evidence is gathered, nothing is changed but by people's commands. */
  readonly frozen: boolean;
  /** What the previous decision returned; undefined for a new rollout. */
  readonly state: RolloutState | undefined;
  readonly nowMs: number;
}

export interface RolloutEvent {
  readonly atMs: number;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** A part of the requests with weights of its own. */
export interface SliceTraffic {
  /** What makes it: the rollout's `match`, its preview's, or that of the slice of a name. */
  readonly by: 'match' | 'preview' | { readonly slice: string };
  /** As those of everybody else. */
  readonly weights: readonly WeightIr[];
}

/** Where requests go by a rollout's decision. */
export interface RolloutTraffic {
  /** Every version of the service in the spec's order, sum TOTAL_WEIGHT. */
  readonly weights: readonly WeightIr[];
  /** In the order in which they are tried, before `weights`. */
  readonly slices: readonly SliceTraffic[];
  readonly mirror: { readonly version: string; readonly percent: number } | undefined;
  /** Mixed into the users' hash; constant for the rollout. */
  readonly salt: string;
}

export interface RolloutDecision extends RolloutTraffic {
  readonly state: RolloutState;
  /** Same as `state.revision`: to be handed back with the acknowledgement. */
  readonly revision: number;
  readonly events: readonly RolloutEvent[];
  readonly evidence: readonly GateEvidence[];
  readonly conditions: readonly RolloutCondition[];
  /** Webhooks to ask, by a key that stays the same until it is answered. */
  readonly asks: readonly {
    readonly key: string;
    readonly type: 'confirm-rollout' | 'confirm-step' | 'confirm-promotion';
  }[];
  /** When to look again at the latest; undefined: only when something happens. */
  readonly nextLookMs: number | undefined;
}
