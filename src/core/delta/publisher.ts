import type { Groups } from './groups.ts';
import type { HeldRemovals, Removal } from './held-removals.ts';
import type { ResourcePool } from './pool.ts';
import type { Change, Publication, ResourceKey, ResourceVersion, ViewContents } from './resource.ts';
import type { Subscription, SubscriptionGroup } from './stream.ts';
import { AFTER_CLUSTERS, REMOVED_LAST, type TypeUrl } from './type-urls.ts';
import { diffView, type View, type ViewEdit } from './view.ts';

/** Applies changes to pool and views, and notes in every group concerned what it is to be told. */
export class Publisher {
  readonly #pool: ResourcePool;
  readonly #groups: Groups;
  readonly #held: HeldRemovals;
  readonly #view: (key: string) => View;
  /** Views that show a name. */
  readonly #showing = new Map<TypeUrl, Map<string, Set<View>>>();
  /** Groups with something to be told. */
  readonly touched = new Set<SubscriptionGroup>();
  sequence = 0;

  constructor(pool: ResourcePool, groups: Groups, held: HeldRemovals, view: (key: string) => View) {
    this.#pool = pool;
    this.#groups = groups;
    this.#held = held;
    this.#view = view;
  }

  /**
   * Applies a change. What goes and may still be referred to is held back until `removalDeadline` or until
   * the listeners and routes of the same change are acknowledged.
   */
  publish(
    change: Change,
    removalDeadline: number,
  ): { publication: Publication; newViews: ReadonlySet<View> } {
    const sequence = this.sequence + 1;
    const removals: Removal[] = [];
    const changed = this.#upsert(change, sequence);
    const views = this.#editViews(change, removals, sequence);
    const removed: ResourceKey[] = [];
    for (const key of change.remove ?? []) {
      const removal: Removal = { kind: 'resource', key };
      if (!this.#pool.get(key.typeUrl, key.name) || this.#held.has(removal)) continue;
      removed.push(key);
      removals.push(removal);
    }
    if (changed.length + removals.length + views.added.length + views.isNew.size > 0 || this.sequence === 0) {
      this.sequence = sequence;
    }
    for (const key of changed) this.#note(key);
    for (const edit of views.added) this.#noteInView(edit);
    this.#removeOrHold(removals, removalDeadline);
    return { publication: { sequence: this.sequence, changed, removed }, newViews: views.isNew };
  }

  /** Removes what was held back. */
  remove(removals: readonly Removal[]): void {
    this.sequence++;
    for (const removal of removals) this.#remove(removal);
  }

  #upsert(change: Change, sequence: number): ResourceVersion[] {
    const changed: ResourceVersion[] = [];
    for (const resource of change.upsert ?? []) {
      const { typeUrl, name, version } = resource;
      if (!this.#held.isEmpty) this.#held.cancel({ kind: 'resource', key: resource });
      if (this.#pool.put(resource, sequence)) changed.push({ typeUrl, name, version });
    }
    return changed;
  }

  #editViews(change: Change, removals: Removal[], sequence: number): { added: ViewEdit[]; isNew: Set<View> } {
    const added: ViewEdit[] = [];
    const isNew = new Set<View>();
    for (const [key, contents] of change.views ?? []) {
      const view = this.#view(key);
      if (!view.published) isNew.add(view);
      view.published = true;
      const diff = diffView(view, contents);
      for (const edit of diff.added) this.#show(edit, sequence);
      added.push(...diff.added);
      for (const edit of diff.dropped) {
        const removal: Removal = { kind: 'name', edit };
        if (!this.#held.has(removal)) removals.push(removal);
      }
      if (!this.#held.isEmpty) this.#keepShown(view, contents);
    }
    for (const key of change.removeViews ?? []) {
      const view = this.#view(key);
      view.published = false;
      for (const [typeUrl, name] of view.entries())
        removals.push({ kind: 'name', edit: { view, typeUrl, name } });
    }
    return { added, isNew };
  }

  /** Names that a view shows again are not dropped from it after all. */
  #keepShown(view: View, contents: ViewContents): void {
    for (const [typeUrl, names] of Object.entries(contents)) {
      for (const name of names)
        this.#held.cancel({ kind: 'name', edit: { view, typeUrl: typeUrl as TypeUrl, name } });
    }
  }

  #removeOrHold(removals: readonly Removal[], deadline: number): void {
    if (removals.length === 0) return;
    const isLast = (r: Removal): boolean =>
      REMOVED_LAST.has(r.kind === 'resource' ? r.key.typeUrl : r.edit.typeUrl);
    for (const removal of removals) if (!isLast(removal)) this.#remove(removal);
    const last = removals.filter(isLast);
    if (last.length > 0) this.#held.hold(last, this.#tellingRoutes(), this.sequence, deadline);
  }

  /** Subscriptions to listeners or routes that are to be told of a change, or have not acknowledged one. */
  #tellingRoutes(): Set<Subscription> {
    const telling = new Set<Subscription>();
    for (const group of this.#groups.all()) {
      if (!AFTER_CLUSTERS.has(group.typeUrl)) continue;
      for (const member of group.members)
        if (member.isBehind || member.outstanding.length > 0) telling.add(member);
    }
    return telling;
  }

  #remove(removal: Removal): void {
    if (removal.kind === 'resource') {
      if (this.#pool.delete(removal.key)) this.#note(removal.key);
      return;
    }
    const { view, typeUrl, name } = removal.edit;
    view.delete(typeUrl, name);
    this.#showing.get(typeUrl)?.get(name)?.delete(view);
    this.#noteInView(removal.edit);
  }

  #show(edit: ViewEdit, sequence: number): void {
    edit.view.add(edit.typeUrl, edit.name, sequence);
    let names = this.#showing.get(edit.typeUrl);
    if (!names) {
      names = new Map();
      this.#showing.set(edit.typeUrl, names);
    }
    const views = names.get(edit.name);
    if (views) views.add(edit.view);
    else names.set(edit.name, new Set([edit.view]));
  }

  /** Groups that cover a name. */
  *covering(typeUrl: TypeUrl, name: string): Generator<SubscriptionGroup> {
    yield* this.#groups.naming(typeUrl, name);
    for (const view of this.#showing.get(typeUrl)?.get(name) ?? []) {
      for (const group of this.#groups.following(view, typeUrl)) if (!group.names.has(name)) yield group;
    }
  }

  #note({ typeUrl, name }: ResourceKey): void {
    for (const group of this.covering(typeUrl, name)) this.#touch(group, name);
  }

  #noteInView({ view, typeUrl, name }: ViewEdit): void {
    for (const group of this.#groups.following(view, typeUrl)) this.#touch(group, name);
  }

  #touch(group: SubscriptionGroup, name: string): void {
    group.note(this.sequence, name);
    this.touched.add(group);
  }
}
