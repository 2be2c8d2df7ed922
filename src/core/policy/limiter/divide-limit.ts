/** A sidecar that enforces a part of a global limit. */
export interface Sharer {
  readonly id: string;
  /** Requests a second that are offered to it, admitted or not. */
  readonly demand: number;
  /** It has acknowledged the share that was last published to it. */
  readonly acknowledged: boolean;
}

/** What one sidecar may be enforcing. */
export interface Share {
  /** Last published. */
  readonly published: number;
  /** The most that it may still be enforcing: what it acknowledged last, or more. */
  readonly most: number;
  /** When it was last connected, ms. */
  readonly seenMs: number;
}

/** By sidecar; a plain value. */
export type SharesState = Readonly<Record<string, Share>>;

export interface DivisionInput {
  /** The limit of all together, requests a second. */
  readonly limit: number;
  readonly sharers: readonly Sharer[];
  readonly state: SharesState | undefined;
  /** How long a sidecar that is gone may go on enforcing its share. */
  readonly leaseMs: number;
  readonly nowMs: number;
}

export interface Division {
  readonly state: SharesState;
  /** Requests a second by connected sidecar. */
  readonly shares: ReadonlyMap<string, number>;
}

/** Part of the limit that is shared alike, so that a sidecar whose demand begins has something. */
const ALIKE = 0.2;
/** Smaller changes of a share, of the fair one, are not worth a push. */
const DEADBAND = 0.05;

/**
 * Divides a global limit Q by offered demand, q_i = Q·(.2/N + .8·d_i/Σd), so that at no instant more than Q is
 * admitted: what a sidecar may still be enforcing counts until it has acknowledged less, and an increase is
 * only published out of what is free. Decreases go first by this, without phases. A sidecar that is gone keeps
 * its share until its lease ends.
 */
export function divideLimit(input: DivisionInput): Division {
  const { limit, sharers, leaseMs, nowMs } = input;
  const before = acknowledge(input);
  const leased = Object.entries(before).filter(
    ([id, share]) => !sharers.some((each) => each.id === id) && nowMs - share.seenMs < leaseMs,
  );
  const held = leased.reduce((sum, [, share]) => sum + share.most, 0);
  const targets = targetsOf(Math.max(0, limit - held), sharers);
  const lowered = sharers.map(({ id }): [string, Share] => {
    const share = before[id] ?? { published: 0, most: 0, seenMs: nowMs };
    const target = targets.get(id) ?? 0;
    const published = target < share.published && matters(share, target, input) ? target : share.published;
    return [id, { ...share, published, seenMs: nowMs }];
  });
  const taken = lowered.reduce((sum, [, share]) => sum + share.most, held);
  const raised = raise(lowered, targets, Math.max(0, limit - taken), input);
  const state = Object.fromEntries([...leased, ...raised]);
  return { state, shares: new Map(raised.map(([id, share]) => [id, share.published])) };
}

/** A share that was acknowledged is all that its sidecar enforces; until then it may be the more of both. */
function acknowledge({ state, sharers }: DivisionInput): SharesState {
  return Object.fromEntries(
    Object.entries(state ?? {}).map(([id, share]) => {
      const acknowledged = sharers.some((each) => each.id === id && each.acknowledged);
      const most = acknowledged ? share.published : Math.max(share.most, share.published);
      return [id, { ...share, most }];
    }),
  );
}

function targetsOf(limit: number, sharers: readonly Sharer[]): ReadonlyMap<string, number> {
  const demand = sharers.reduce((sum, each) => sum + each.demand, 0);
  const fair = limit / Math.max(1, sharers.length);
  return new Map(
    sharers.map(({ id, demand: own }) => [
      id,
      demand > 0 ? ALIKE * fair + (1 - ALIKE) * limit * (own / demand) : fair,
    ]),
  );
}

/** Hands out what is free, in proportion to what is missing. */
function raise(
  lowered: readonly (readonly [string, Share])[],
  targets: ReadonlyMap<string, number>,
  free: number,
  input: DivisionInput,
): readonly (readonly [string, Share])[] {
  const missing = lowered.map(([id, share]) => {
    const target = targets.get(id) ?? 0;
    return target > share.published && matters(share, target, input) ? target - share.published : 0;
  });
  const wanted = missing.reduce((sum, each) => sum + each, 0);
  const part = wanted > 0 ? Math.min(1, free / wanted) : 0;
  return lowered.map(([id, share], i) => {
    const published = share.published + part * (missing[i] ?? 0);
    return [id, { ...share, published, most: Math.max(share.most, published) }] as const;
  });
}

function matters(share: Share, target: number, { limit, sharers }: DivisionInput): boolean {
  const fair = limit / Math.max(1, sharers.length);
  return share.published === 0 || Math.abs(target - share.published) >= DEADBAND * fair;
}
