import type { ViewContents } from './resource.ts';
import type { TypeUrl } from './type-urls.ts';

/** What equal nodes are shown by wildcard subscriptions: one object, however many nodes. */
export class View {
  readonly key: string;
  /** False until its contents are known: then nothing is said to its nodes, rather than that there is nothing. */
  published = false;
  /** Streams whose nodes are shown it. */
  followers = 0;
  readonly #names = new Map<TypeUrl, Set<string>>();
  /** Since which publication it shows a name. */
  readonly #since = new Map<TypeUrl, Map<string, number>>();

  constructor(key: string) {
    this.key = key;
  }

  names(typeUrl: TypeUrl): ReadonlySet<string> {
    return this.#names.get(typeUrl) ?? NOTHING;
  }

  has(typeUrl: TypeUrl, name: string): boolean {
    return this.#names.get(typeUrl)?.has(name) ?? false;
  }

  /** The publication since which it shows a name; undefined where it does not. */
  since(typeUrl: TypeUrl, name: string): number | undefined {
    return this.#since.get(typeUrl)?.get(name);
  }

  add(typeUrl: TypeUrl, name: string, sequence: number): void {
    const names = this.#names.get(typeUrl);
    if (names) names.add(name);
    else this.#names.set(typeUrl, new Set([name]));
    const since = this.#since.get(typeUrl);
    if (since) since.set(name, sequence);
    else this.#since.set(typeUrl, new Map([[name, sequence]]));
  }

  delete(typeUrl: TypeUrl, name: string): void {
    this.#names.get(typeUrl)?.delete(name);
    this.#since.get(typeUrl)?.delete(name);
  }

  get isEmpty(): boolean {
    return this.#names.values().every((names) => names.size === 0);
  }

  *entries(): Iterable<readonly [TypeUrl, string]> {
    for (const [typeUrl, names] of this.#names) for (const name of names) yield [typeUrl, name];
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** A name that a view gains or loses. */
export interface ViewEdit {
  readonly view: View;
  readonly typeUrl: TypeUrl;
  readonly name: string;
}

/** What leads from a view as it is to these contents. */
export function diffView(view: View, contents: ViewContents): { added: ViewEdit[]; dropped: ViewEdit[] } {
  const wanted = new Map<TypeUrl, Set<string>>();
  for (const [typeUrl, names] of Object.entries(contents)) wanted.set(typeUrl as TypeUrl, new Set(names));
  const added: ViewEdit[] = [];
  const dropped: ViewEdit[] = [];
  for (const [typeUrl, names] of wanted) {
    for (const name of names) if (!view.has(typeUrl, name)) added.push({ view, typeUrl, name });
  }
  for (const [typeUrl, name] of view.entries()) {
    if (!wanted.get(typeUrl)?.has(name)) dropped.push({ view, typeUrl, name });
  }
  return { added, dropped };
}
