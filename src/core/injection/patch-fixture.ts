import type { AddOperation } from './inject.ts';
import type { Pod } from './pod.ts';

/** A pod after a patch of additions (RFC 6902), as an API server makes it. */
export function patched(pod: Pod, operations: readonly AddOperation[]): Pod {
  const result = structuredClone(pod);
  for (const { path, value } of operations) addAt(result, path.split('/').slice(1).map(plain), value);
  return result;
}

function plain(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function addAt(document: object, path: readonly string[], value: unknown): void {
  const parent = path.slice(0, -1).reduce<object>((at, part) => {
    const next: unknown = Reflect.get(at, part);
    if (typeof next !== 'object' || next === null) throw new Error(`there is no ${path.join('/')}`);
    return next;
  }, document);
  const last = path.at(-1) ?? '';
  if (!Array.isArray(parent)) Reflect.set(parent, last, structuredClone(value));
  else parent.splice(last === '-' ? parent.length : Number(last), 0, structuredClone(value));
}
