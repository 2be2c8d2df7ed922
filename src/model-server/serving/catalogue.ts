import { Problem } from '../protocol/problem.ts';
import { chooseVersions, compareVersions, type VersionPolicy } from '../repository/order.ts';
import type { StoredVersion } from '../repository/stored.ts';
import type { ServedVersion } from './version.ts';

/** One line of the repository's index. */
export interface IndexEntry {
  readonly model: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

/** What the catalogue needs of the repository. */
export interface Shelf {
  list(): Promise<StoredVersion[]>;
}

export interface CatalogueSettings {
  readonly shelf: Shelf;
  /** Which versions of a model to serve. */
  readonly policyOf: (model: string) => VersionPolicy;
  /** Makes a version out of what is stored; it is not started yet. */
  readonly open: (stored: StoredVersion) => ServedVersion;
}

/** How a model is brought in. */
export interface LoadOptions {
  /** Instead of the configured one, from now on. */
  readonly policy?: VersionPolicy;
  /** Whether a version that could not be served is tried again although nothing has changed; true when absent. */
  readonly retry?: boolean;
}

interface Slot {
  readonly stamp: string;
  readonly served: ServedVersion;
}

/** The model versions that are served, and how they come and go. */
export class Catalogue {
  readonly #settings: CatalogueSettings;
  readonly #models = new Map<string, Map<string, Slot>>();
  /** Policies that were given with a load. */
  readonly #policies = new Map<string, VersionPolicy>();
  /** Models that were unloaded by hand, which a refresh must not bring back. */
  readonly #unloaded = new Set<string>();
  readonly #lastChange = new Map<string, Promise<void>>();

  constructor(settings: CatalogueSettings) {
    this.#settings = settings;
  }

  /** Every version that is served or was to be. */
  all(): ServedVersion[] {
    return [...this.#models.values()].flatMap((slots) => [...slots.values()].map((slot) => slot.served));
  }

  /** The versions of a model in order, empty when it is not served. */
  versionsOf(model: string): ServedVersion[] {
    const slots = [...(this.#models.get(model)?.values() ?? [])];
    return slots
      .map((slot) => slot.served)
      .sort((left, right) => compareVersions(left.settings.version, right.settings.version));
  }

  /**
   * A model's version; without a name the latest that is ready, or the latest when none is.
   * Throws NOT_FOUND naming what there is.
   */
  find(model: string, version: string): ServedVersion {
    const versions = this.versionsOf(model);
    if (versions.length === 0) {
      const known = [...this.#models.keys()].map((name) => `"${name}"`).join(', ') || 'none';
      throw new Problem('NOT_FOUND', `model "${model}" is not served; the models here: ${known}`);
    }
    const found =
      version === ''
        ? (versions.findLast((served) => served.state === 'READY') ?? versions.at(-1))
        : versions.find((served) => served.settings.version === version);
    if (found) return found;
    const known = versions.map((served) => `"${served.settings.version}"`).join(', ');
    throw new Problem(
      'NOT_FOUND',
      `model "${model}" has no version "${version}"; the versions here: ${known}`,
    );
  }

  /** What the repository holds and what is served of it. */
  async index(): Promise<IndexEntry[]> {
    const stored = await this.#settings.shelf.list();
    const served = this.all().map((version) => ({
      model: version.settings.model,
      version: version.settings.version,
      state: version.state,
      reason: version.reason,
    }));
    const unserved = stored
      .filter(({ model, version }) => !this.#models.get(model)?.has(version))
      .map(({ model, version }) => ({ model, version, state: 'UNAVAILABLE', reason: 'unloaded' }));
    return [...served, ...unserved].sort(
      (left, right) =>
        compareVersions(left.model, right.model) || compareVersions(left.version, right.version),
    );
  }

  /**
   * Brings the given models, but for those unloaded by hand, and all that are served to what the repository holds now,
   * each on its own: one that fails does not hold up another. A model that has vanished is served on.
   */
  async refresh(models: readonly string[]): Promise<void> {
    const all = new Set([...models, ...this.#models.keys()]).difference(this.#unloaded);
    await Promise.allSettled([...all].map((model) => this.load(model, { retry: false })));
  }

  /**
   * Brings a model to what the repository holds now: new versions are loaded, changed ones replaced once the new is
   * warm, those no longer chosen are drained once all the chosen are ready.
   * Rejects with NOT_FOUND or FAILED_PRECONDITION; what was served before is then still served.
   */
  load(model: string, { policy: asked, retry = true }: LoadOptions = {}): Promise<void> {
    return this.#inTurn(model, async () => {
      const policy = asked ?? this.#policies.get(model) ?? this.#settings.policyOf(model);
      this.#unloaded.delete(model);
      const stored = (await this.#settings.shelf.list()).filter((entry) => entry.model === model);
      const chosen = chooseVersions(
        policy,
        stored.map((entry) => entry.version),
      );
      const wanted = chosen.map((version) => {
        const entry = stored.find((candidate) => candidate.version === version);
        if (entry) return entry;
        const known = stored.map((candidate) => `"${candidate.version}"`).join(', ') || 'none';
        throw new Problem(
          'NOT_FOUND',
          `the repository has no version "${version}" of model "${model}"; it has: ${known}`,
        );
      });
      if (wanted.length === 0) throw new Problem('NOT_FOUND', `the repository has no model "${model}"`);
      if (asked) this.#policies.set(model, asked);
      const outcomes = await Promise.allSettled(wanted.map((entry) => this.#bring(entry, retry)));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      if (
        this.versionsOf(model).every(
          (served) => !chosen.includes(served.settings.version) || served.state === 'READY',
        )
      ) {
        await this.#retire(model, new Set(chosen));
      }
    });
  }

  /** Drains a model's versions and forgets them. Rejects with NOT_FOUND when it is not served. */
  unload(model: string): Promise<void> {
    return this.#inTurn(model, async () => {
      this.find(model, '');
      this.#unloaded.add(model);
      await this.#retire(model, new Set());
    });
  }

  /** Drains everything. */
  async close(): Promise<void> {
    await Promise.all(this.all().map((version) => version.unload()));
  }

  async #bring(stored: StoredVersion, retry: boolean): Promise<void> {
    const slots = this.#models.get(stored.model) ?? new Map<string, Slot>();
    this.#models.set(stored.model, slots);
    const before = slots.get(stored.version);
    if (before?.stamp === stored.stamp && (before.served.state !== 'UNAVAILABLE' || !retry)) return;
    const served = this.#settings.open(stored);
    // A version that works goes on serving until its successor is warm.
    if (before?.served.state !== 'READY') slots.set(stored.version, { stamp: stored.stamp, served });
    await served.start();
    if (served.state !== 'READY' && before?.served.state === 'READY') {
      await served.unload();
      throw new Problem(
        'FAILED_PRECONDITION',
        `the new content was refused, the old is still served: ${served.reason}`,
      );
    }
    slots.set(stored.version, { stamp: stored.stamp, served });
    await before?.served.unload();
    if (served.state !== 'READY') throw new Problem('FAILED_PRECONDITION', served.reason);
  }

  async #retire(model: string, keep: ReadonlySet<string>): Promise<void> {
    const slots = this.#models.get(model);
    if (!slots) return;
    const leaving = [...slots].filter(([version]) => !keep.has(version));
    for (const [version] of leaving) slots.delete(version);
    if (slots.size === 0) this.#models.delete(model);
    await Promise.all(leaving.map(([, slot]) => slot.served.unload()));
  }

  /** Changes to one model happen one after the other, so that two cannot load the same version twice. */
  #inTurn(model: string, change: () => Promise<void>): Promise<void> {
    const done = (this.#lastChange.get(model) ?? Promise.resolve()).then(change);
    this.#lastChange.set(
      model,
      done.catch(() => undefined),
    );
    return done;
  }
}
