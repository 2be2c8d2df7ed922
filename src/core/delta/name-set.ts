/** Two 32-bit sums over names: equal sets have equal sums, in whatever order they were built. */
export interface NameSum {
  readonly high: number;
  readonly low: number;
}

export const EMPTY_SUM: NameSum = { high: 0, low: 0 };

/** The sum with a name added (`sign` 1) or taken away (−1). */
export function shiftSum(sum: NameSum, name: string, sign: 1 | -1): NameSum {
  let high = 0x811c9dc5; // FNV-1a, and a multiplicative hash beside it
  let low = 0x1505;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    high = Math.imul(high ^ code, 0x01000193);
    low = (Math.imul(low, 33) + code) | 0;
  }
  return {
    high: (sum.high + sign * high) | 0,
    low: (sum.low + sign * Math.imul(low ^ high, 0x9e3779b1)) | 0,
  };
}

export function sumOf(names: Iterable<string>): NameSum {
  let sum = EMPTY_SUM;
  for (const name of names) sum = shiftSum(sum, name, 1);
  return sum;
}

export function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const name of a) if (!b.has(name)) return false;
  return true;
}
