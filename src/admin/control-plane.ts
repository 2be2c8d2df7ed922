import type {
  BreakerStatus,
  ControllerStatus,
  DecisionRecord,
  LimitStatus,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
} from '../core/status/status.ts';

/** What a person or a pipeline may ask of one rollout. */
export const ROLLOUT_ACTIONS = ['promote', 'pause', 'resume', 'abort', 'retry'] as const;
export type RolloutAction = (typeof ROLLOUT_ACTIONS)[number];

/** The switches over everything: hold every automatic change; back to the specs' static values. */
export const SWITCHES = ['freeze', 'baseline'] as const;

/** Something a person asked for; `actor` is who, for the decision record. */
export type Command =
  | {
      readonly kind: RolloutAction;
      readonly rollout: { readonly namespace: string; readonly name: string };
      readonly actor: string;
    }
  | { readonly kind: 'freeze'; readonly on: boolean; readonly actor: string }
  | { readonly kind: 'baseline'; readonly on: boolean; readonly actor: string };

/**
 * `not-found`: no such rollout. `conflict`: its phase does not allow that. `invalid`: never allowed.
 * The message is shown to the person as it is.
 */
export type CommandResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: 'not-found' | 'conflict' | 'invalid'; readonly message: string };

/** Which decisions to return, newest first; a field left out does not restrict. */
export interface DecisionFilter {
  /** `Rollout/default/fraud-v2`. */
  readonly subject?: string;
  /** `default/fraud`: the decisions of everything that concerns this service. */
  readonly service?: string;
  readonly reason?: string;
  /** Only decisions with a smaller id: the page after one that ended with this id. */
  readonly before?: number;
  /** Only decisions with a larger id. */
  readonly after?: number;
  /** At most so many. */
  readonly limit: number;
}

/** Some entries of the audit, oldest first, each a line of JSON, and the newest entry that there is. */
export interface AuditPage {
  readonly lines: readonly string[];
  readonly head: { readonly seq: number; readonly hash: string };
}

/**
 * What the admin server needs of the controller. The reads are snapshots: cheap, synchronous, without side
 * effects, and their values are never mutated afterwards.
 */
export interface ControlPlane {
  status(): ControllerStatus;
  services(): readonly ServiceStatus[];
  rollouts(): readonly RolloutStatus[];
  breakers(): readonly BreakerStatus[];
  limits(): readonly LimitStatus[];
  sidecars(): readonly SidecarStatus[];
  decisions(filter: DecisionFilter): readonly DecisionRecord[];
  /** At most `limit` entries of the audit after the one with the number `after`. */
  audit(after: number, limit: number): AuditPage;
  /** Whether sidecars may be sent here, and if not, why. */
  readiness(): { readonly ready: boolean; readonly message: string };
  /** Resolves once the command is in force (or refused); never rejects for a person's mistake. */
  command(command: Command): Promise<CommandResult>;
  /** `listener` is called whenever a read may give something new; as often as it likes. */
  subscribe(listener: () => void): () => void;
}
