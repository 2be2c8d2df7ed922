/** A call that a user made, as it ended. Times are ms of one clock, `performance.now()`. */
export interface Call {
  readonly beganAt: number;
  readonly endedAt: number;
  readonly user: number;
  readonly sidecar: string;
  /** `grpc-status`; undefined: it ended without one. */
  readonly status: number | undefined;
  readonly message: string;
  readonly version: string | undefined;
}

/** What the control plane said of itself at one moment. */
export interface Sample {
  /** When it was asked, and when it had answered. */
  readonly at: number;
  readonly until: number;
  readonly rollout: {
    /** One beginning of one rollout: another is another story. */
    readonly story: string;
    readonly phase: string;
    readonly stable: string;
    readonly candidate: string;
    /** The candidate's, of 10 000. */
    readonly weight: number;
  };
  /** Of every version, sum 10 000. */
  readonly weights: readonly number[];
  readonly breaker: string;
  readonly rejections: readonly string[];
}

/** A fault as it happened. */
export interface Struck {
  readonly id: number;
  readonly kind: string;
  /** Whom it struck, in words. */
  readonly what: string;
  readonly beganAt: number;
  readonly healedAt: number;
  /** Calls that may fail by it, and not by our doing. */
  readonly excuses: Excuse;
}

/** `none`: not a single call may fail by this fault. */
export type Excuse = 'none' | 'all' | { readonly sidecar: string };

/** One episode: faults, and how long the system took to find back after the last was healed. */
export interface EpisodeRecord {
  readonly faults: readonly Struck[];
  /** undefined: it did not find back. */
  readonly recoveredMs: number | undefined;
  readonly waitedFor: string;
  /**
   * Of that time the control plane, or a sidecar, wanted a processor and had none: the most of any of them, ms. It is
   * the machine's, and not counted.
   */
  readonly starvedMs: number;
}

/** Everything that was seen in a run. */
export interface RunRecord {
  readonly calls: readonly Call[];
  readonly samples: readonly Sample[];
  readonly episodes: readonly EpisodeRecord[];
  readonly memory: readonly { readonly at: number; readonly bytes: number }[];
  readonly crashes: readonly string[];
  /** What `penstock audit verify` said in the end, and how it ended. */
  readonly audit: { readonly code: number; readonly text: string };
}

/** Where a promise was broken, and how. */
export interface Breach {
  readonly at: number;
  readonly detail: string;
}

export function struckIn(run: RunRecord): readonly Struck[] {
  return run.episodes.flatMap(({ faults }) => faults);
}
