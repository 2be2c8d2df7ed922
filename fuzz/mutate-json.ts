import type { Random } from '../bench/statistics/random.ts';

type Json = null | boolean | number | string | Container;
type Container = Json[] | { [key: string]: Json };

/** What readers of JSON tend not to expect. */
const UNEXPECTED: readonly Json[] = [
  ...[null, true, false, 0, -1, 0.5, 1e308, -1e308, 2 ** 53, 65_536],
  ...['', '0', '-1', 'NaN', 'Infinity', '__proto__', 'constructor', ' ', '1970-01-01T00:00:00Z', '\ud800'],
  ...['a'.repeat(300), '/', '../..', '{{', ','],
];
const KEYS = ['', '__proto__', 'constructor', 'toString', 'length', '0'];

/**
 * JSON like the given one that is still JSON: values in the place of others, entries left out, doubled, renamed, or
 * taken from another text. Bytes that are changed blindly are hardly ever JSON.
 * @returns undefined where the text is none
 */
export function mutateJson(input: Buffer, other: Buffer, random: Random): Buffer | undefined {
  const value = parsed(input);
  if (value === undefined) return undefined;
  const root: Json[] = [value];
  const donor = () => parsed(other) ?? null;
  const below = (n: number): number => Math.floor(random.next() * n);
  for (let left = 1 + below(3); left > 0; left--) changeIn(root, donor, below);
  return Buffer.from(JSON.stringify(root[0] ?? null));
}

/** Goes down to some entry and changes it. */
function changeIn(container: Container, donor: () => Json, below: (n: number) => number): void {
  const keys = Object.keys(container);
  const key = keys[below(keys.length)];
  if (key === undefined) return;
  const child = valueAt(container, key);
  if (isContainer(child) && Object.keys(child).length > 0 && below(6) > 0) {
    changeIn(child, donor, below);
    return;
  }
  switch (below(6)) {
    case 0:
      if (Array.isArray(container)) container.splice(Number(key), 1);
      else delete container[key];
      break;
    case 1:
      if (Array.isArray(container)) container.push(copyOf(child));
      else put(container, KEYS[below(KEYS.length)] ?? '', copyOf(child));
      break;
    case 2:
      put(container, key, partOf(donor(), below));
      break;
    case 3:
      put(container, key, below(2) === 0 ? [copyOf(child)] : { a: copyOf(child) });
      break;
    default:
      put(container, key, UNEXPECTED[below(UNEXPECTED.length)] ?? null);
  }
}

function partOf(value: Json, below: (n: number) => number): Json {
  if (!isContainer(value) || below(3) === 0) return value;
  const keys = Object.keys(value);
  const key = keys[below(keys.length)];
  return key === undefined ? value : partOf(valueAt(value, key), below);
}

function valueAt(container: Container, key: string): Json {
  return (Array.isArray(container) ? container[Number(key)] : container[key]) ?? null;
}

/** As `JSON.parse` would: `__proto__` is a key like any other. */
function put(container: Container, key: string, value: Json): void {
  Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
}

function copyOf(value: Json): Json {
  return isContainer(value) ? (JSON.parse(JSON.stringify(value)) as Json) : value;
}

function isContainer(value: Json): value is Container {
  return typeof value === 'object' && value !== null;
}

function parsed(bytes: Buffer): Json | undefined {
  try {
    return JSON.parse(bytes.toString()) as Json;
  } catch {
    return undefined;
  }
}
