import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Client, type Told, World } from './engine-fixture.ts';
import { TYPE_URL, type TypeName } from './type-urls.ts';

const NAMES = ['a', 'b', 'c', 'd'];
const TYPES = ['cds', 'eds', 'lds', 'rds'] as const;
const VIEWED = ['cds', 'lds'] as const;

type Step =
  | {
      readonly kind: 'publish';
      readonly type: TypeName;
      readonly name: string;
      readonly content: string | undefined;
    }
  | { readonly kind: 'show'; readonly type: 'cds' | 'lds'; readonly names: readonly string[] }
  | { readonly kind: 'follow'; readonly type: 'eds' | 'rds'; readonly names: readonly string[] }
  | { readonly kind: 'block' | 'drain' | 'acknowledge' | 'reconnect' };

const names = fc.uniqueArray(fc.constantFrom(...NAMES));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('publish' as const),
    type: fc.constantFrom(...TYPES),
    name: fc.constantFrom(...NAMES),
    content: fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('show' as const), type: fc.constantFrom(...VIEWED), names }),
  fc.record({
    kind: fc.constant('follow' as const),
    type: fc.constantFrom('eds' as const, 'rds' as const),
    names,
  }),
  fc.record({
    kind: fc.constantFrom('block' as const, 'drain' as const, 'acknowledge' as const, 'reconnect' as const),
  }),
);

/** A client that keeps what it is told, as the protocol has it. */
class Follower {
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

test('delta and state of the world lead to the same state, which is that of the pool', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const world = new World();
      world.publish({}, { all: {} });
      const followers = [new Follower(world, 'delta'), new Follower(world, 'sotw')];
      const shown: Record<'cds' | 'lds', readonly string[]> = { cds: [], lds: [] };
      const wanted: Record<'eds' | 'rds', readonly string[]> = { eds: [], rds: [] };
      const contents: Record<string, string | undefined> = {};
      const apply = (s: Step): void => {
        if (s.kind === 'publish') {
          contents[`${s.type}/${s.name}`] = s.content;
          world.publish({ [`${s.type}/${s.name}`]: s.content });
        } else if (s.kind === 'show') {
          shown[s.type] = s.names;
          world.publish({}, { all: { [TYPE_URL.cds]: shown.cds, [TYPE_URL.lds]: shown.lds } });
        } else if (s.kind === 'follow') {
          wanted[s.type] = s.names;
          for (const f of followers) f.follow(s.type, s.names);
        } else if (s.kind === 'acknowledge') for (const f of followers) f.settle();
        else for (const f of followers) f[s.kind]();
      };
      for (const s of steps) apply(s);
      for (const f of followers) f.drain();
      for (let round = 0; round < 4; round++) {
        for (const f of followers) f.settle();
        world.pass(20_000); // past every deadline
      }
      for (const f of followers) f.settle();
      const visible = { ...shown, ...wanted };
      for (const type of TYPES) {
        const expected = Object.fromEntries(
          visible[type].flatMap((name) => {
            const content = contents[`${type}/${name}`];
            return content === undefined ? [] : [[name, content]];
          }),
        );
        expect(followers[0]?.state[type], `delta ${type}`).toEqual(expected);
        // what is gone of these types cannot be told in state of the world
        if (type === 'cds' || type === 'lds')
          expect(followers[1]?.state[type], `sotw ${type}`).toEqual(expected);
        else expect(followers[1]?.state[type], `sotw ${type}`).toMatchObject(expected);
      }
    }),
    { numRuns: 400 },
  );
});
