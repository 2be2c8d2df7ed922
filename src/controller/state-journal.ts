/** Knows what is saved, so that only what changed is saved again. */
export class StateJournal {
  readonly #saved = new Map<string, string>();

  constructor(saved: ReadonlyMap<string, unknown>) {
    this.begin(saved);
  }

  /** This is what is saved, and nothing else. */
  begin(saved: ReadonlyMap<string, unknown>): void {
    this.#saved.clear();
    for (const [key, value] of saved) this.#saved.set(key, JSON.stringify(value));
  }

  /** The entries that differ from what is saved, and `undefined` for saved ones that are gone. */
  changes(entries: ReadonlyMap<string, unknown>): ReadonlyMap<string, unknown> {
    const changes = new Map<string, unknown>();
    for (const [key, value] of entries) {
      const text = JSON.stringify(value);
      if (this.#saved.get(key) === text) continue;
      this.#saved.set(key, text);
      changes.set(key, value);
    }
    for (const key of [...this.#saved.keys()]) {
      if (entries.has(key)) continue;
      this.#saved.delete(key);
      changes.set(key, undefined);
    }
    return changes;
  }

  /** Saving failed: everything is to be saved again. */
  forget(): void {
    this.#saved.clear();
  }
}
