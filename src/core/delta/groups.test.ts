import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Groups } from './groups.ts';
import { sumOf } from './name-set.ts';
import type { Sink } from './sink.ts';
import { StreamState, Subscription } from './stream.ts';
import { TYPE_URL } from './type-urls.ts';
import { View } from './view.ts';

const { rds } = TYPE_URL;
const NOWHERE: Sink = { ready: true, write: () => {}, end: () => {} };

function member(groups: Groups): Subscription {
  const stream = new StreamState({ protocol: 'delta', typeUrl: undefined, peer: '', sink: NOWHERE }, 0);
  return new Subscription(stream, groups.empty('delta', rds));
}

const edit = (groups: Groups, sub: Subscription, add: string[], drop: string[] = [], view?: View) =>
  groups.edit(sub, { add: new Set(add), drop: new Set(drop), view });

describe('groups of equal subscriptions', () => {
  test('equal names are one group, in whatever order they came', () => {
    const groups = new Groups();
    const [one, two] = [member(groups), member(groups)];
    edit(groups, one, ['a', 'b']);
    edit(groups, two, ['b']);
    edit(groups, two, ['a']);
    expect(two.group).toBe(one.group);
  });

  test('equal names with another view are another group', () => {
    const groups = new Groups();
    const [one, two] = [member(groups), member(groups)];
    edit(groups, one, ['a'], [], new View('x'));
    edit(groups, two, ['a'], [], new View('y'));
    expect(two.group).not.toBe(one.group);
  });

  test('a large group with one member is edited and not copied', () => {
    const groups = new Groups();
    const sub = member(groups);
    const many = Array.from({ length: 100 }, (_, i) => `n${i}`);
    const { names } = edit(groups, sub, many);
    expect(edit(groups, sub, ['one more'], ['n7']).names).toBe(names);
    expect(names.size).toBe(100);
    expect([...groups.naming(rds, 'n7')]).toEqual([]);
    expect([...groups.naming(rds, 'one more')]).toEqual([sub.group]);
  });

  test('however members edit, each has its names, and every name leads to the groups that have it', () => {
    const name = fc.nat(30).map((n) => `n${n}`);
    const step = fc.record({
      who: fc.nat(2),
      add: fc.array(name),
      drop: fc.array(name),
      leaves: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const groups = new Groups();
        const members = [member(groups), member(groups), member(groups)];
        const wanted = members.map(() => new Set<string>());
        for (const { who, add, drop, leaves } of steps) {
          const sub = members[who];
          if (!sub) continue;
          if (leaves) {
            groups.leave(sub);
            members[who] = member(groups);
            wanted[who] = new Set();
          } else {
            edit(groups, sub, add, drop);
            wanted[who] = (wanted[who] ?? new Set()).difference(new Set(drop)).union(new Set(add));
          }
        }
        members.forEach((sub, who) => {
          expect(sub.group.names).toEqual(wanted[who]);
          expect(sub.group.sum).toEqual(sumOf(wanted[who] ?? []));
          expect(sub.group.members.has(sub)).toBe(true);
          for (let n = 0; n <= 30; n++) {
            expect([...groups.naming(rds, `n${n}`)].includes(sub.group)).toBe(wanted[who]?.has(`n${n}`));
          }
        });
      }),
    );
  });

  test('groups that nobody is in are not kept for ever', () => {
    const groups = new Groups();
    for (let i = 0; i < 100; i++) {
      const sub = member(groups);
      edit(groups, sub, [`only ${i}`]);
      groups.leave(sub);
    }
    expect([...groups.all()].length).toBeLessThan(40);
    expect([...groups.naming(rds, 'only 1')]).toEqual([]);
  });
});
