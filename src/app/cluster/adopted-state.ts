import type { Controller } from '../../controller/controller.ts';
import { restoredMemory } from '../../controller/saved-memory.ts';
import { decisionsFromJson } from '../../core/assemble/decisions-json.ts';
import { NEW_SERVICE_STATE } from '../../core/decide/service-look.ts';
import type { StateEntry } from '../../kubernetes/cluster-state.ts';

/** What the replica that decides has written, as far as this one publishes it. */
export class AdoptedState {
  /** Undefined: this replica decides by itself. */
  readonly #follower: () => Controller | undefined;
  readonly #entries = new Map<string, StateEntry>();

  constructor(follower: () => Controller | undefined) {
    this.#follower = follower;
  }

  /** An entry as it stands in the cluster now; undefined: there is none any more. */
  take(subject: string, entry: StateEntry | undefined): void {
    if (entry === undefined) this.#entries.delete(subject);
    else this.#entries.set(subject, entry);
    this.#adopt(subject, entry);
  }

  /** Everything once more: other services are there, or this replica has just begun to follow. */
  again(): void {
    for (const [subject, entry] of this.#entries) this.#adopt(subject, entry);
  }

  #adopt(subject: string, entry: StateEntry | undefined): void {
    const controller = this.#follower();
    if (controller === undefined) return;
    const memory = restoredMemory(new Map(Object.entries(entry?.memory ?? {})), () => {});
    if (subject === '') controller.adoptSwitches(memory.switches);
    else {
      const state = memory.states.get(subject) ?? NEW_SERVICE_STATE;
      controller.adopt(subject, decisionsFromJson(entry?.decisions), state);
    }
  }
}
