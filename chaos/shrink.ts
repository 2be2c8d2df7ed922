/**
 * A smallest subset that still fails, in the sense that leaving out any one part more would pass: delta debugging
 * (Zeller and Hildebrandt 2002), with complements only.
 * @param fails whether these still fail; asked one after the other, since each question is a run
 */
export async function shrink<T>(
  all: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let kept = all;
  for (let parts = 2; kept.length > 1 && parts <= kept.length; ) {
    const size = Math.ceil(kept.length / parts);
    let smaller: readonly T[] | undefined;
    for (let from = 0; from < kept.length && smaller === undefined; from += size) {
      const rest = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (await fails(rest)) smaller = rest;
    }
    if (smaller === undefined) {
      if (size === 1) return kept;
      parts = Math.min(kept.length, 2 * parts);
    } else {
      kept = smaller;
      parts = Math.max(2, parts - 1);
    }
  }
  return kept;
}
