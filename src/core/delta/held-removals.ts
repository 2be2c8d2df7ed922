import type { ResourceKey } from './resource.ts';
import type { Subscription } from './stream.ts';
import type { ViewEdit } from './view.ts';

/** A removal that waits: of a resource, or of its name from a view. */
export type Removal =
  | { readonly kind: 'resource'; readonly key: ResourceKey }
  | { readonly kind: 'name'; readonly edit: ViewEdit };

interface Batch {
  readonly sequence: number;
  readonly removals: Map<string, Removal>;
  /** Whose acknowledgement of the changes published together is waited for. */
  readonly awaiting: Set<Subscription>;
  readonly deadline: number;
}

/**
 * Removals that wait until nobody can refer any more to what goes ("make before break"): until the listeners
 * and routes published together with them are acknowledged, or a deadline has passed.
 */
export class HeldRemovals {
  #batches: Batch[] = [];

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  has(removal: Removal): boolean {
    const id = idOf(removal);
    return this.#batches.some((batch) => batch.removals.has(id));
  }

  hold(removals: readonly Removal[], awaiting: Set<Subscription>, sequence: number, deadline: number): void {
    this.#batches.push({
      sequence,
      removals: new Map(removals.map((r) => [idOf(r), r])),
      awaiting,
      deadline,
    });
  }

  /** It is wanted again after all. */
  cancel(removal: Removal): void {
    const id = idOf(removal);
    for (const batch of this.#batches) batch.removals.delete(id);
  }

  /** A subscription acknowledged what it was told, or is gone. */
  settled(subscription: Subscription, isGone: boolean): void {
    for (const batch of this.#batches) {
      if (isGone || subscription.acknowledgedSequence >= batch.sequence || subscription.isConverged) {
        batch.awaiting.delete(subscription);
      }
    }
  }

  /** Takes out the removals that need wait no longer. */
  release(now: number): Removal[] {
    const due = this.#batches.filter((batch) => batch.awaiting.size === 0 || now >= batch.deadline);
    if (due.length === 0) return [];
    this.#batches = this.#batches.filter((batch) => !due.includes(batch));
    return due.flatMap((batch) => [...batch.removals.values()]);
  }
}

function idOf(removal: Removal): string {
  if (removal.kind === 'resource') return `${removal.key.typeUrl} ${removal.key.name}`;
  return `${removal.edit.view.key}\n${removal.edit.typeUrl} ${removal.edit.name}`;
}
