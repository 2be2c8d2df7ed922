import type { Protocol } from './answer.ts';
import { Group } from './group.ts';
import { EMPTY_SUM, type NameSum, sameNames, shiftSum } from './name-set.ts';
import type { Subscription, SubscriptionGroup } from './stream.ts';
import type { TypeUrl } from './type-urls.ts';
import type { View } from './view.ts';

/** An edit of a subscription: explicit names that come and go, and the wildcard that comes or goes. */
export interface NameEdit {
  readonly add: ReadonlySet<string>;
  readonly drop: ReadonlySet<string>;
  readonly view: View | undefined;
}

/** Groups without members that are kept, and names in all of them together. */
const IDLE_GROUPS = 32;
const IDLE_NAMES = 50_000;
/** An edit is small when it concerns less than one of so many names: then a copy is not worth it. */
const SMALL_EDIT = 8;

/** All groups, found by what they are and by what they cover. */
export class Groups {
  readonly #interned = new Map<string, SubscriptionGroup[]>();
  readonly #byName = new Map<TypeUrl, Map<string, Set<SubscriptionGroup>>>();
  readonly #byView = new Map<View, Map<TypeUrl, Set<SubscriptionGroup>>>();
  /** Those that nobody is in, longest first. */
  readonly #idle = new Set<SubscriptionGroup>();
  #idleNames = 0;

  /** Groups whose explicit names include this one. */
  naming(typeUrl: TypeUrl, name: string): Iterable<SubscriptionGroup> {
    return this.#byName.get(typeUrl)?.get(name) ?? [];
  }

  /** Groups that follow this view by wildcard. */
  following(view: View, typeUrl: TypeUrl): Iterable<SubscriptionGroup> {
    return this.#byView.get(view)?.get(typeUrl) ?? [];
  }

  /** A view is gone for good, and nobody follows it. */
  forgetView(view: View): void {
    this.#byView.delete(view);
  }

  /** Every group. */
  *all(): Iterable<SubscriptionGroup> {
    for (const groups of this.#interned.values()) yield* groups;
  }

  /** The group in which a subscription begins: without names. */
  empty(protocol: Protocol, typeUrl: TypeUrl): SubscriptionGroup {
    return this.#intern(protocol, typeUrl, undefined, new Set(), EMPTY_SUM);
  }

  /** Moves a subscription from its group to another. */
  move(member: Subscription, to: SubscriptionGroup): void {
    if (member.group === to) return;
    this.leave(member);
    member.group = to;
    to.members.add(member);
    if (this.#idle.delete(to)) this.#idleNames -= to.names.size;
  }

  /**
   * Takes a subscription out. A group that nobody is in stays for a while: streams that connect together pass
   * through the same groups one after another.
   */
  leave(member: Subscription): void {
    const { group } = member;
    group.members.delete(member);
    if (group.members.size > 0 || isEmpty(group)) return;
    this.#idle.add(group);
    this.#idleNames += group.names.size;
    for (const oldest of this.#idle) {
      if (this.#idleNames <= IDLE_NAMES && this.#idle.size <= IDLE_GROUPS) break;
      this.#idle.delete(oldest);
      this.#idleNames -= oldest.names.size;
      this.#forget(oldest);
      oldest.retire();
    }
  }

  /**
   * Moves a subscription to the group with these edits of its names. Where it is alone in its group, no equal
   * group exists and the edit is small, the group itself is edited: growing name by name costs no copy of all
   * names.
   */
  edit(member: Subscription, { add, drop, view }: NameEdit): SubscriptionGroup {
    const { group } = member;
    let sum = group.sum;
    let size = group.names.size;
    for (const name of drop) {
      if (!group.names.has(name) || add.has(name)) continue;
      sum = shiftSum(sum, name, -1);
      size--;
    }
    for (const name of add) {
      if (group.names.has(name)) continue;
      sum = shiftSum(sum, name, 1);
      size++;
    }
    const isSmall = (add.size + drop.size) * SMALL_EDIT < group.names.size;
    if (
      isSmall &&
      group.members.size === 1 &&
      !this.#interned.has(internKey(group.protocol, group.typeUrl, view, size, sum))
    ) {
      this.#editInPlace(group, { add, drop, view }, sum);
      return group;
    }
    const names = group.names.difference(drop).union(add);
    const to = this.#intern(group.protocol, group.typeUrl, view, names, sum);
    this.move(member, to);
    return to;
  }

  #editInPlace(group: SubscriptionGroup, { add, drop, view }: NameEdit, sum: NameSum): void {
    this.#unlist(group);
    group.retire();
    const index = entryOf(this.#byName, group.typeUrl, () => new Map<string, Set<SubscriptionGroup>>());
    for (const name of drop) {
      if (add.has(name) || !group.names.delete(name)) continue;
      unindex(index, name, group);
    }
    for (const name of add) {
      group.names.add(name);
      entryOf(index, name, () => new Set()).add(group);
    }
    group.sum = sum;
    group.view = view;
    this.#list(group);
  }

  #intern(
    protocol: Protocol,
    typeUrl: TypeUrl,
    view: View | undefined,
    names: Set<string>,
    sum: NameSum,
  ): SubscriptionGroup {
    const key = internKey(protocol, typeUrl, view, names.size, sum);
    const found = this.#interned.get(key)?.find((g) => g.view === view && sameNames(g.names, names));
    if (found) return found;
    const group: SubscriptionGroup = new Group(protocol, typeUrl, view, names, sum);
    this.#register(group);
    return group;
  }

  #register(group: SubscriptionGroup): void {
    this.#list(group);
    const index = entryOf(this.#byName, group.typeUrl, () => new Map<string, Set<SubscriptionGroup>>());
    for (const name of group.names) entryOf(index, name, () => new Set()).add(group);
  }

  #forget(group: SubscriptionGroup): void {
    this.#unlist(group);
    const index = this.#byName.get(group.typeUrl);
    if (index) for (const name of group.names) unindex(index, name, group);
  }

  #list(group: SubscriptionGroup): void {
    entryOf(this.#interned, keyOf(group), () => []).push(group);
    if (!group.view) return;
    const types = entryOf(this.#byView, group.view, () => new Map<TypeUrl, Set<SubscriptionGroup>>());
    entryOf(types, group.typeUrl, () => new Set()).add(group);
  }

  #unlist(group: SubscriptionGroup): void {
    const key = keyOf(group);
    const rest = this.#interned.get(key)?.filter((g) => g !== group) ?? [];
    if (rest.length > 0) this.#interned.set(key, rest);
    else this.#interned.delete(key);
    if (group.view) this.#byView.get(group.view)?.get(group.typeUrl)?.delete(group);
  }
}

function isEmpty(group: SubscriptionGroup): boolean {
  return group.names.size === 0 && !group.view;
}

function unindex(index: Map<string, Set<SubscriptionGroup>>, name: string, group: SubscriptionGroup): void {
  const groups = index.get(name);
  groups?.delete(group);
  if (groups?.size === 0) index.delete(name);
}

function keyOf(group: SubscriptionGroup): string {
  return internKey(group.protocol, group.typeUrl, group.view, group.names.size, group.sum);
}

function internKey(
  protocol: Protocol,
  typeUrl: TypeUrl,
  view: View | undefined,
  size: number,
  sum: NameSum,
): string {
  return `${protocol} ${typeUrl} ${size} ${sum.high} ${sum.low} ${view?.key ?? ''}`;
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
