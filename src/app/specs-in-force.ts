import type { ApiObject } from '../core/api/kinds.ts';
import type { SpecIndex } from '../core/decide/spec-index.ts';
import { indexSpecs } from '../core/decide/spec-index.ts';
import type { ControllerStatus } from '../core/status/status.ts';
import type { SpecReading } from '../specs/spec-files.ts';

/** Which specs are in force, and what is wrong with the files as they are now. */
export class SpecsInForce {
  readonly #files: readonly string[];
  #loadedAt = 0;
  #problems: readonly string[] = [];

  constructor(files: readonly string[]) {
    this.#files = files;
  }

  /**
   * Takes a reading of the files.
   * @returns what is to be put in force; undefined: the last good specs stay
   */
  take({ specs, problems }: SpecReading, nowMs: number): SpecIndex | undefined {
    this.#problems = specs === undefined ? problems : [];
    if (specs === undefined) return undefined;
    // Two readings within a millisecond are two readings.
    this.#loadedAt = Math.max(nowMs, this.#loadedAt + 1);
    return indexSpecs(specs.objects);
  }

  /** Takes what may be in force of a cluster's objects; problems are those of the others. */
  takeObjects(objects: readonly ApiObject[], problems: readonly string[], nowMs: number): SpecIndex {
    this.#problems = problems;
    this.#loadedAt = Math.max(nowMs, this.#loadedAt + 1);
    return indexSpecs(objects);
  }

  get valid(): boolean {
    return this.#problems.length === 0;
  }

  status(): ControllerStatus['specs'] {
    return { files: this.#files, loadedAt: this.#loadedAt, problems: this.#problems };
  }
}
