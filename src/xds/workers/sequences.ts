const KEPT = 4_096;

/**
 * Publications have numbers in the process that decides, and others in each worker: removals that wait for a worker's
 * own streams count there too. This leads from one to the other.
 */
export class Sequences {
  #pairs: { readonly deciding: number; readonly own: number }[] = [];

  /** The publication `deciding` of the deciding process is `own` here. */
  note(deciding: number, own: number): void {
    this.#pairs.push({ deciding, own });
    if (this.#pairs.length > 2 * KEPT) this.#pairs = this.#pairs.slice(-KEPT);
  }

  /** What here has everything of a publication of the deciding process, as far back as is known. */
  toOwn(deciding: number): number {
    const next = this.#pairs[this.#firstWhere((pair) => pair.deciding >= deciding)];
    return next?.own ?? Number.MAX_SAFE_INTEGER;
  }

  /** The newest publication of the deciding process that this one of ours has everything of; 0 for none. */
  toDeciding(own: number): number {
    return this.#pairs[this.#firstWhere((pair) => pair.own > own) - 1]?.deciding ?? 0;
  }

  /** Both numbers ascend: found by halves. */
  #firstWhere(holds: (pair: { readonly deciding: number; readonly own: number }) => boolean): number {
    let low = 0;
    let high = this.#pairs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const pair = this.#pairs[middle];
      if (pair && !holds(pair)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
