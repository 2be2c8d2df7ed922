import type { Client, Told, World } from './engine-fixture.ts';
import type { TypeName } from './type-urls.ts';

/** Types that a follower asks everything of; of the others it names what it wants. */
export const VIEWED = ['cds', 'lds'] as const;

/** A client that keeps what it is told, as the protocol has it. */
export class Follower {
  readonly #world: World;
  readonly #protocol: 'delta' | 'sotw';
  #client: Client;
  #unanswered: Told[] = [];
  readonly #wanted: Record<'eds' | 'rds', readonly string[]> = { eds: [], rds: [] };
  readonly state: Record<TypeName, Record<string, string>> = emptyState();
  readonly #asked = new Set<TypeName>();

  constructor(world: World, protocol: 'delta' | 'sotw') {
    this.#world = world;
    this.#protocol = protocol;
    this.#client = this.#connect();
  }

  reconnect(): void {
    this.#client.close();
    Object.assign(this.state, emptyState()); // an Envoy that was restarted: it has nothing
    this.#unanswered = [];
    this.#asked.clear();
    this.#nonces.clear();
    this.#client = this.#connect();
    for (const type of ['eds', 'rds'] as const)
      if (this.#wanted[type].length > 0) this.follow(type, this.#wanted[type]);
  }

  follow(type: 'eds' | 'rds', wanted: readonly string[]): void {
    const before = this.#asked.has(type) ? this.#wanted[type] : [];
    this.#wanted[type] = wanted;
    for (const name of before) if (!wanted.includes(name)) delete this.state[type][name];
    if (this.#protocol === 'delta') {
      const added = wanted.filter((name) => !before.includes(name));
      const drop = before.filter((name) => !wanted.includes(name));
      if (added.length + drop.length > 0) this.#client.ask(type, { names: added, drop });
    } else {
      this.#read();
      this.#client.ask(type, { names: wanted, nonce: this.#lastNonce(type) });
    }
    this.#asked.add(type);
  }

  block(): void {
    this.#client.ready = false;
  }

  drain(): void {
    this.#client.drain();
  }

  /** Takes and acknowledges everything until nothing comes. */
  settle(): void {
    for (let round = 0; round < 50; round++) {
      this.#read();
      if (this.#unanswered.length === 0) return;
      for (const { type, nonce } of this.#unanswered.splice(0)) {
        this.#client.ask(type, this.#protocol === 'sotw' ? { nonce, names: this.#namesOf(type) } : { nonce });
      }
    }
    throw new Error('does not settle');
  }

  readonly #nonces = new Map<TypeName, string>();

  #lastNonce(type: TypeName): string {
    return this.#asked.has(type) ? (this.#nonces.get(type) ?? '') : '';
  }

  #namesOf(type: TypeName): readonly string[] {
    return type === 'eds' || type === 'rds' ? this.#wanted[type] : [];
  }

  /** What was on its way when the name was given up is not taken. */
  #wants(type: TypeName, name: string): boolean {
    return (type !== 'eds' && type !== 'rds') || this.#wanted[type].includes(name);
  }

  #connect(): Client {
    const client = this.#world.connect(this.#protocol);
    for (const type of VIEWED) client.ask(type);
    return client;
  }

  #read(): void {
    for (const told of this.#client.take()) {
      const { type, resources, removed, nonce } = told;
      if (this.#protocol === 'sotw' && (type === 'cds' || type === 'lds')) this.state[type] = {};
      for (const [name, content] of Object.entries(resources)) {
        if (content !== undefined && this.#wants(type, name)) this.state[type][name] = content;
      }
      for (const name of removed) delete this.state[type][name];
      this.#nonces.set(type, nonce);
      this.#unanswered.push(told);
    }
  }
}

function emptyState(): Record<TypeName, Record<string, string>> {
  return { cds: {}, eds: {}, lds: {}, srds: {}, rds: {}, sds: {}, ecds: {}, rtds: {} };
}
