import type { ModelRollout } from '../api/model-rollout.ts';
import type { ModelService } from '../api/model-service.ts';
import type { TrafficPolicy } from '../api/traffic-policy.ts';
import type { ServiceDecisions } from '../assemble/decisions.ts';
import type { InboundSidecar } from '../observation/inbound.ts';
import type { ServiceObservation } from '../observation/observation.ts';
import type { BalanceDecision, BalanceState } from '../policy/balance/decision.ts';
import type { BreakerDecision, BreakerState } from '../policy/breaker/decision.ts';
import type { Acknowledgement, Answer, RolloutCommand, RolloutDecision } from '../policy/rollout/decision.ts';
import type { RolloutState } from '../policy/rollout/state.ts';
import {
  NO_WORKLOAD,
  type Workload,
  type WorkloadDecision,
  type WorkloadState,
} from '../policy/workload/decision.ts';
import { type Dispersion, NO_DISPERSION } from '../stats/dispersion.ts';
import { type DemandDecision, type DemandState, NO_DEMAND } from './demand-state.ts';
import { type LimitsDecision, type LimitsState, NO_LIMITS } from './limits-decision.ts';
import type { OverflowState } from './overflow-decision.ts';

/** Times are ms since the epoch. */
export interface RolloutMemory {
  readonly name: string;
  readonly state: RolloutState;
  readonly startedAt: number;
}

/** All that the policies of one service remember: a plain value. */
export interface ServiceState {
  readonly rollout: RolloutMemory | undefined;
  /** The last rollout, after it was removed from the specs: put back in time, it goes on where it was. */
  readonly shelved: (RolloutMemory & { readonly removedAt: number }) | undefined;
  readonly breaker: BreakerState | undefined;
  /** How often the breaker has opened. */
  readonly breakerTrips: number;
  /** By version. */
  readonly balance: Readonly<Record<string, BalanceState>>;
  /** By version that has a second tier. */
  readonly overflow: Readonly<Record<string, OverflowState>>;
  readonly limits: LimitsState;
  readonly demand: DemandState;
  /** Replicas that are provided for a rollout, and those that are to go. */
  readonly workload: WorkloadState;
  readonly interlocks: InterlockState;
  /** How the failures of the version that serves hang together: what a rollout's gates forgive. */
  readonly failureDispersion: Dispersion;
}

/** What one policy must know of another. Of seconds only: after a restart it begins anew. */
export interface InterlockState {
  /** The breaker of the rollout's candidate while it is on trial. */
  readonly trialBreaker: BreakerState | undefined;
  /** For how long the breaker has waited for endpoints to be taken out, ms. */
  readonly breakerHeldMs: number;
  /** When an endpoint was last derated, ms since the epoch. */
  readonly deratedAtMs: number;
}

export const NO_INTERLOCKS: InterlockState = { trialBreaker: undefined, breakerHeldMs: 0, deratedAtMs: 0 };

export const NEW_SERVICE_STATE: ServiceState = {
  rollout: undefined,
  shelved: undefined,
  breaker: undefined,
  breakerTrips: 0,
  balance: {},
  overflow: {},
  limits: NO_LIMITS,
  demand: NO_DEMAND,
  workload: NO_WORKLOAD,
  interlocks: NO_INTERLOCKS,
  failureDispersion: NO_DISPERSION,
};

/** What runs the instances of a version, as far as somebody can scale it. */
export interface ScaledWorkload extends Workload {
  /** Of the Deployment. */
  readonly name: string;
  /** Why it cannot be read or scaled now. */
  readonly trouble: string | undefined;
}

/** One look at one service: everything that its policies may decide by. */
export interface ServiceLook {
  readonly service: ModelService;
  readonly rollout: ModelRollout | undefined;
  readonly policy: TrafficPolicy | undefined;
  /** Increments since the previous look at this service. */
  readonly observation: ServiceObservation;
  /** As `observation`, since the rollout's own previous look; undefined: it is not its turn. */
  readonly rolloutObservation: ServiceObservation | undefined;
  /** `ADDRESS:PORT` of the endpoints that exist now, by version. */
  readonly endpoints: ReadonlyMap<string, readonly string[]>;
  /** Of a version with a second tier besides backups: the endpoints of its first, as above. */
  readonly firstTiers?: ReadonlyMap<string, readonly string[]>;
  /** By version: what is to be scaled; absent: nobody here scales anything. */
  readonly workloads?: ReadonlyMap<string, ScaledWorkload> | undefined;
  /** Connected sidecars in front of the service's model servers. */
  readonly inbound: readonly InboundSidecar[];
  /** Requests a second that are expected of all clients soon; absent: no forecast. */
  readonly forecastPerSecond?: number | undefined;
  readonly acknowledged: Acknowledgement;
  readonly commands: readonly RolloutCommand[];
  readonly answers: ReadonlyMap<string, Answer>;
  /** The kill switch: evidence is gathered, nothing is changed but by people. */
  readonly frozen: boolean;
  readonly state: ServiceState;
  readonly nowMs: number;
}

/** What a look came to. */
export interface ServiceOutcome {
  readonly state: ServiceState;
  readonly decisions: ServiceDecisions;
  readonly events: readonly PolicyEvent[];
  readonly rollout: RolloutDecision | undefined;
  readonly breaker: BreakerDecision | undefined;
  readonly trialBreaker: BreakerDecision | undefined;
  readonly balance: ReadonlyMap<string, BalanceDecision>;
  readonly limits: LimitsDecision;
  readonly demand: DemandDecision;
  readonly workload: WorkloadDecision;
}

/** Something that happened in one of the policies, with what was known. */
export interface PolicyEvent {
  readonly at: number;
  /** `Rollout/default/fraud-v2`, `Breaker/default/fraud`, `Balance/default/fraud`, `Limit/default/fraud`, `Workload/default/fraud`. */
  readonly subject: string;
  readonly reason: string;
  readonly message: string;
  readonly evidence: unknown;
  readonly change: { readonly before: unknown; readonly after: unknown } | undefined;
}
