/** What a workload is to have; undefined: nothing is said of that side. */
export interface ReplicaTarget {
  readonly atLeast: number | undefined;
  readonly atMost: number | undefined;
  /** For people. */
  readonly why: string;
}

/** What is known of the workload of a version. */
export interface Workload {
  /** As its spec says; undefined: it could not be read yet. */
  readonly replicas: number | undefined;
  /** Pods that exist, ready or not; undefined: as `replicas`. */
  readonly pods: number | undefined;
}

/** The rollout that replicas are provided for. */
export interface ScaledRollout {
  readonly stable: string;
  readonly candidate: string;
  /** On its way; all on the candidate, for good; or all on stable. */
  readonly standing: 'underWay' | 'completed' | 'over';
  /** The candidate's share of all requests that sidecars have acknowledged, 0 … 1. */
  readonly share: number;
  readonly acknowledged: boolean;
  /** Replicas above those that all traffic needs; undefined: as many as it takes. */
  readonly maxSurge: number | undefined;
  /** How long what is not needed any more is kept, ms. */
  readonly scaleDownDelay: number;
}

export interface WorkloadInput {
  /** By version: those that the spec lets us scale, and no others. */
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly rollout: ScaledRollout | undefined;
  /** Replicas that a version needs: stable for all requests, the candidate for its next stage. */
  readonly needs: ReadonlyMap<string, number>;
  /** Versions that something leads to, or would lead to when the rollout is removed: they are never let go. */
  readonly named: ReadonlySet<string>;
  /** The kill switch. */
  readonly frozen: boolean;
  readonly state: WorkloadState;
  readonly nowMs: number;
}

/** A plain value. */
export interface WorkloadState {
  /** The candidate's acknowledged share, 0 … 1: what stable is relieved of. */
  readonly relieved: number;
  /** Replicas of stable before the first traffic: what all requests need where no policy says what one serves. */
  readonly baseline: number;
  /** The candidate that is provided for. */
  readonly candidate: CandidateNeed | undefined;
  /** Versions that are not needed any more, since they lost their traffic. */
  readonly letGo: Readonly<Record<string, LetGo>>;
  /** The last targets by version, as text. */
  readonly told: Readonly<Record<string, string>>;
}

interface CandidateNeed {
  readonly version: string;
  /** For its next stage. */
  readonly needed: number;
  /** What it may have of that now. */
  readonly allowed: number;
}

interface LetGo {
  /** Not sooner than this, ms since the epoch. */
  readonly dueMs: number;
  /** It was scaled to zero; who scales it up again is left alone. */
  readonly done: boolean;
}

export const NO_WORKLOAD: WorkloadState = {
  relieved: 0,
  baseline: 0,
  candidate: undefined,
  letGo: {},
  told: {},
};

export interface WorkloadDecision {
  readonly state: WorkloadState;
  /** By version; a version that is not in it is left alone. */
  readonly targets: ReadonlyMap<string, ReplicaTarget>;
  /** What a version may have at most, by version, for autoscalers. */
  readonly bounds: ReadonlyMap<string, number>;
}
