import type {
  BreakerStatus,
  ControllerStatus,
  DecisionRecord,
  LimitStatus,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
} from '../core/status/status.ts';

/**
 * The events of `/api/v1/events`, as the dashboard and other clients read them: one `snapshot` (or, resuming,
 * the changes since `Last-Event-ID`), then `change`s, at most one a second; `heartbeat`s where nothing changes.
 */

/** What there is of each kind; the lists are keyed by `keyOf`. */
export interface Collections {
  readonly services: ServiceStatus;
  readonly rollouts: RolloutStatus;
  readonly breakers: BreakerStatus;
  readonly limits: LimitStatus;
  readonly sidecars: SidecarStatus;
  readonly decisions: DecisionRecord;
}

export type CollectionName = keyof Collections;

export const COLLECTION_NAMES = [
  'services',
  'rollouts',
  'breakers',
  'limits',
  'sidecars',
  'decisions',
] as const satisfies readonly CollectionName[];

/** Everything at one moment; decisions are the newest ones only, newest first. */
export type Snapshot = {
  /** The server's clock, ms since the epoch: ages are differences to it, not to the reader's clock. */
  readonly at: number;
  readonly status: ControllerStatus;
} & { readonly [Name in CollectionName]: readonly Collections[Name][] };

/** What became different since the previous event; what is not named stayed. */
export type Change = {
  readonly at: number;
  readonly status?: ControllerStatus;
} & { readonly [Name in CollectionName]?: CollectionChange<Collections[Name]> };

export interface CollectionChange<Item> {
  /** New or different items, whole. */
  readonly set: readonly Item[];
  /** Keys of the items that are gone. Decisions never are: the reader forgets the oldest by itself. */
  readonly gone: readonly string[];
}

/** Recorded numbers for plots; `null` where there was none. */
export interface History {
  readonly stepMs: number;
  /** ms since the epoch, ascending. */
  readonly at: readonly number[];
  /** By `VERSION/requestsPerSecond` of a service, `GATE/log10Evidence` of a rollout; as long as `at`. */
  readonly series: Readonly<Record<string, readonly (number | null)[]>>;
}

const KEYS: { readonly [Name in CollectionName]: (item: Collections[Name]) => string } = {
  services: ({ namespace, name }) => `${namespace}/${name}`,
  rollouts: ({ namespace, name }) => `${namespace}/${name}`,
  breakers: ({ namespace, service, version }) =>
    version === undefined ? `${namespace}/${service}` : `${namespace}/${service}/${version}`,
  limits: ({ namespace, service, name }) => `${namespace}/${service}/${name}`,
  sidecars: ({ id }) => id,
  decisions: ({ id }) => String(id),
};

/** The key of an item within its list: `NAMESPACE/NAME`, a sidecar's node id, a decision's number. */
export function keyOf<Name extends CollectionName>(collection: Name, item: Collections[Name]): string {
  return KEYS[collection](item);
}
