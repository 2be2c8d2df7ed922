import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import {
  type Change,
  COLLECTION_NAMES,
  type CollectionChange,
  type Collections,
  keyOf,
  type Snapshot,
} from '../../admin/wire.ts';
import type { ControllerStatus, DecisionRecord } from '../../core/status/status.ts';

/** Decisions beyond this are forgotten here; the decisions page reads older ones from the server. */
const KEPT_DECISIONS = 500;

/** The kinds that are kept whole; decisions are a window. */
const LIVE = COLLECTION_NAMES.filter((name) => name !== 'decisions');
type Live = (typeof LIVE)[number];

/** One kind of thing: a signal for each, so that only what changed is drawn again. */
class Collection<Item> {
  readonly #items = new Map<string, Signal<Item>>();
  readonly #keys = signal<readonly string[]>([]);

  /** Keys of all items, sorted; changes only when one comes or goes. */
  get keys(): ReadonlySignal<readonly string[]> {
    return this.#keys;
  }

  /** The item as a signal; undefined where there is none (depend on `keys` to be told when there is). */
  find(key: string): ReadonlySignal<Item> | undefined {
    return this.#items.get(key);
  }

  /** All items as they are, without following them. */
  values(): readonly Item[] {
    return this.#keys.peek().flatMap((key) => this.#items.get(key)?.peek() ?? []);
  }

  apply(set: readonly (readonly [string, Item])[], gone: Iterable<string>): void {
    const size = this.#items.size;
    let same = true;
    for (const [key, item] of set) {
      const existing = this.#items.get(key);
      if (existing) existing.value = item;
      else this.#items.set(key, signal(item));
    }
    for (const key of gone) same = !this.#items.delete(key) && same;
    if (!same || size !== this.#items.size)
      this.#keys.value = [...this.#items.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }
}

/** Everything that the page shows, fed by the events of the server. */
export class Mesh {
  readonly status = signal<ControllerStatus | undefined>(undefined);
  readonly services = new Collection<Collections['services']>();
  readonly rollouts = new Collection<Collections['rollouts']>();
  readonly breakers = new Collection<Collections['breakers']>();
  readonly limits = new Collection<Collections['limits']>();
  readonly sidecars = new Collection<Collections['sidecars']>();
  /** Newest first. */
  readonly decisions = signal<readonly DecisionRecord[]>([]);
  /** The server's time of the last event, ms. Counts events for whoever sums over everything. */
  readonly updatedAt = signal(0);

  /** Replaces everything. */
  load(snapshot: Snapshot): void {
    batch(() => {
      this.status.value = snapshot.status;
      for (const name of LIVE) this.#replace(name, snapshot[name]);
      this.decisions.value = snapshot.decisions;
      this.updatedAt.value = snapshot.at;
    });
  }

  /** Brings in what became different. */
  change(change: Change): void {
    batch(() => {
      if (change.status) this.status.value = change.status;
      for (const name of LIVE) this.#apply(name, change[name]);
      if (change.decisions) this.decisions.value = merge(this.decisions.peek(), change.decisions.set);
      this.updatedAt.value = change.at;
    });
  }

  #replace<Name extends Live>(name: Name, items: readonly Collections[Live][]): void {
    const kept = new Set(items.map((item) => keyOf<Live>(name, item)));
    const gone = this[name].keys.peek().filter((key) => !kept.has(key));
    this.#apply(name, { set: items, gone });
  }

  #apply(name: Live, part: CollectionChange<Collections[Live]> | undefined): void {
    if (!part) return;
    const collection: Collection<Collections[Live]> = this[name];
    collection.apply(
      part.set.map((item) => [keyOf<Live>(name, item), item] as const),
      part.gone,
    );
  }
}

/** Decisions by number, newest first; a newer state of one (say, its acknowledgements) replaces it. */
export function merge(
  known: readonly DecisionRecord[],
  more: readonly DecisionRecord[],
): readonly DecisionRecord[] {
  const byId = new Map([...known, ...more].map((decision) => [decision.id, decision]));
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, KEPT_DECISIONS);
}
