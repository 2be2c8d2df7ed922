/**
 * Whether a value that was read back as JSON has all that the example has, of the same types. What is undefined
 * or empty in the example may hold anything but null, which is what JSON makes of a number that is none.
 */
export function hasShape<T>(value: unknown, example: T): value is T {
  if (value === null || value === undefined) return value === example;
  if (example === undefined) return holdsNoNull(value);
  if (Array.isArray(value) || Array.isArray(example)) {
    return Array.isArray(value) && Array.isArray(example) && holdsNoNull(value);
  }
  if (typeof value !== 'object' || typeof example !== 'object') return typeof value === typeof example;
  const given = new Map<string, unknown>(Object.entries(value));
  const expected = Object.entries(example ?? {});
  return expected.every(([key, each]) => hasShape(given.get(key), each)) && holdsNoNull(value);
}

function holdsNoNull(value: unknown): boolean {
  if (value === null) return false;
  return typeof value !== 'object' || Object.values(value).every(holdsNoNull);
}
