import type { Transition } from './group.ts';
import type { Groups, NameEdit } from './groups.ts';
import { type DiscoveryRequest, namesIn, SUBSCRIBE, UNSUBSCRIBE, versionsIn } from './request.ts';
import { RequestRefused } from './sink.ts';
import type { Subscription, SubscriptionGroup } from './stream.ts';
import { FULL_STATE, LEGACY_WILDCARD, TYPE_URL } from './type-urls.ts';

const WILDCARD = '*';

/** What reading a request needs of the engine. */
export interface RequestContext {
  readonly groups: Groups;
  readonly namesPerType: number;
  /** Version of a resource that exists. */
  versionOf(subscription: Subscription, name: string): string | undefined;
  /** The newest publication; 0 before the first. */
  readonly sequence: number;
  nextLabel(): string;
}

/**
 * Applies the names of a delta request to a subscription.
 *
 * "Subscribing to resources" (delta): names are added and taken away; what is subscribed to, again or for the
 * first time, is told; of a name that the wildcard may cover, the unsubscription is answered too.
 */
export function applyDeltaNames(
  sub: Subscription,
  request: DiscoveryRequest,
  isFirst: boolean,
  ctx: RequestContext,
): void {
  if (request.rawNames) editByDelta(sub, request.rawNames, request.initialVersions === undefined, ctx);
  else if (isFirst && LEGACY_WILDCARD.has(sub.typeUrl)) subscribeToAll(sub, ctx);
  if (isFirst && request.initialVersions) forgoKnown(sub, request.initialVersions, ctx);
}

function editByDelta(sub: Subscription, rawNames: Buffer, mayShare: boolean, ctx: RequestContext): void {
  const from = sub.group;
  const byLegacy = sub.wildcardByLegacy;
  const remembered = mayShare && !byLegacy ? from.remembered(rawNames) : undefined;
  if (remembered) {
    follow(sub, remembered, ctx);
    return;
  }
  const add = namesIn(rawNames, SUBSCRIBE, ctx.namesPerType);
  const drop = namesIn(rawNames, UNSUBSCRIBE);
  if (add.size > 0) sub.wildcardByLegacy = false;
  const keepsAll = from.view !== undefined && !drop.delete(WILDCARD) && !(byLegacy && add.size > 0);
  const view = add.delete(WILDCARD) || keepsAll ? sub.stream.view : undefined;
  const isNew = from.names.size === 0 && !from.view;
  const told = isNew || (view && !from.view) ? undefined : [...add, ...(view ? drop : [])];
  const to = change(sub, { add, drop, view }, ctx);
  const label = byLegacy ? undefined : remember(from, to, rawNames, told, ctx);
  if (told) sub.owe(told, label);
  else sub.oweAll();
}

/**
 * Applies the names of a state-of-the-world request, which are all names.
 *
 * "Subscribing to resources" (SotW): what is new among them is told; a type whose answers list everything is
 * told in full.
 */
export function applySotwNames(
  sub: Subscription,
  request: DiscoveryRequest,
  isFirst: boolean,
  ctx: RequestContext,
): void {
  const { rawNames } = request;
  if (rawNames) editBySotw(sub, rawNames, ctx);
  else if (isFirst && LEGACY_WILDCARD.has(sub.typeUrl)) subscribeToAll(sub, ctx);
  else if (!sub.wildcardByLegacy && (sub.group.names.size > 0 || sub.group.view)) {
    change(sub, { add: new Set(), drop: new Set(sub.group.names), view: undefined }, ctx);
  }
}

function editBySotw(sub: Subscription, rawNames: Buffer, ctx: RequestContext): void {
  const from = sub.group;
  sub.wildcardByLegacy = false;
  const remembered = from.remembered(rawNames);
  if (remembered) {
    if (remembered.to !== from) follow(sub, remembered, ctx);
    return;
  }
  const names = namesIn(rawNames, SUBSCRIBE, ctx.namesPerType);
  const view = names.delete(WILDCARD) ? sub.stream.view : undefined;
  const add = names.difference(from.names);
  const drop = from.names.difference(names);
  const isSame = add.size === 0 && drop.size === 0 && view === from.view;
  const isNew = from.names.size === 0 && !from.view;
  const told = isNew || FULL_STATE.has(sub.typeUrl) || (view && !from.view) ? undefined : [...add];
  if (!isSame) {
    const to = change(sub, { add, drop, view }, ctx);
    const label = remember(from, to, rawNames, told, ctx);
    if (told) sub.owe(told, label);
    else sub.oweAll();
  }
  // the same names again are an acknowledgement, told from its bytes alone
  remember(sub.group, sub.group, rawNames, [], ctx);
}

/** The legacy wildcard: no names at all, for a type that has it. */
function subscribeToAll(sub: Subscription, ctx: RequestContext): void {
  sub.wildcardByLegacy = true;
  change(sub, { add: new Set(), drop: new Set(), view: sub.stream.view }, ctx);
  sub.oweAll();
}

function change(sub: Subscription, edit: NameEdit, ctx: RequestContext): SubscriptionGroup {
  if (sub.group.names.size + edit.add.size > ctx.namesPerType) {
    throw new RequestRefused(
      'RESOURCE_EXHAUSTED',
      `more than ${ctx.namesPerType} names of ${sub.typeUrl} on one stream; subscribe to fewer`,
    );
  }
  sub.keepChanges();
  sub.sentSequence = ctx.sequence;
  return ctx.groups.edit(sub, edit);
}

function follow(sub: Subscription, { to, told, label }: Transition<Subscription>, ctx: RequestContext): void {
  sub.keepChanges();
  sub.sentSequence = ctx.sequence;
  ctx.groups.move(sub, to);
  if (told) sub.owe(told, label);
  else sub.oweAll();
}

/**
 * Keeps where a request led, for the next stream that sends the same bytes from the same group; and under
 * which label these streams share the answer. A wildcard leads each stream to its own view.
 */
function remember(
  from: SubscriptionGroup,
  to: SubscriptionGroup,
  rawNames: Buffer,
  told: readonly string[] | undefined,
  ctx: RequestContext,
): string | undefined {
  if (to.view !== from.view) return undefined;
  const label = ctx.nextLabel();
  from.remember({ rawNames: Buffer.from(rawNames), to, toRevision: to.revision, told, label });
  return label;
}

/**
 * "Client reconnect" (delta): what the client has in the version that is current need not be told; what it has
 * and is gone, must. Endpoints of clusters that were told on this stream are told in any version: the client
 * waits for them.
 */
function forgoKnown(sub: Subscription, raw: Buffer, ctx: RequestContext): void {
  const known = versionsIn(raw);
  const needed = new Set(sub.typeUrl === TYPE_URL.eds ? sub.stream.clustersTold.flat() : []);
  const rest = new Set<string>();
  for (const name of sub.owesAll ? sub.group.allNames() : (sub.owed ?? [])) {
    const version = ctx.versionOf(sub, name);
    if (version === undefined || version !== known.get(name) || needed.has(name)) rest.add(name);
  }
  for (const name of known.keys()) if (ctx.versionOf(sub, name) === undefined) rest.add(name);
  sub.oweOnly(rest);
  if (rest.size === 0) sub.acknowledgedSequence = ctx.sequence;
}
