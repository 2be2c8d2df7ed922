import fc from 'fast-check';
import { expect, test } from 'vitest';
import { World } from './engine-fixture.ts';
import { Follower, VIEWED } from './follower-fixture.ts';
import { TYPE_URL, type TypeName } from './type-urls.ts';

const NAMES = ['a', 'b', 'c', 'd'];
const TYPES = ['cds', 'eds', 'lds', 'rds'] as const;

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
