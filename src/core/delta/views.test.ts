import { describe, expect, test } from 'vitest';
import { resource, World } from './engine-fixture.ts';
import { TYPE_URL } from './type-urls.ts';

const { cds, lds } = TYPE_URL;

/** Clusters a and b and listener l are shown to everybody; routes r1 and r2 are there by name. */
function world(settings = {}): World {
  const made = new World(settings);
  made.publish(
    { 'cds/a': '1', 'cds/b': '1', 'lds/l': '1', 'rds/r1': '1', 'rds/r2': '1', 'eds/a': '1', 'eds/b': '1' },
    { all: { [cds]: ['a', 'b'], [lds]: ['l'] } },
  );
  return made;
}

const told = (type: string, resources: Record<string, string>, removed: string[] = []) =>
  expect.objectContaining({ type, resources, removed });

describe('Before there is anything to say', () => {
  test('nothing is said before the first publication, and the request is answered then', () => {
    const w = new World();
    const client = w.connect('delta');
    client.ask('cds', { versions: { a: resource('cds', 'a', '1').version } });
    client.ask('rds', { names: ['r1'] });
    expect(client.take()).toEqual([]);
    w.publish({ 'cds/a': '1', 'rds/r1': '1' }, { all: { [cds]: ['a'] } });
    expect(client.take()).toEqual([told('rds', { r1: '1' })]);
  });

  test('nothing is said to a node whose view is not there yet', () => {
    const w = world();
    const client = w.connect('delta', { node: 'one@late' });
    client.ask('lds');
    expect(client.take()).toEqual([]);
    w.publish({}, { late: { [lds]: ['l'] } });
    expect(client.take()).toEqual([told('lds', { l: '1' })]);
  });
});

describe('Views', () => {
  test('nodes of different views see what theirs shows', () => {
    const w = world();
    w.publish({}, { some: { [cds]: ['a'] } });
    const all = w.connect('delta');
    const some = w.connect('delta', { node: 'two@some' });
    all.ask('cds');
    some.ask('cds');
    all.take();
    expect(some.take()).toEqual([told('cds', { a: '1' })]);
    w.publish({ 'cds/b': '2' });
    expect(all.take()).toEqual([told('cds', { b: '2' })]);
    expect(some.take()).toEqual([]);
  });

  test('what a view gains is told, what it loses is told as removed', () => {
    const w = world();
    const client = w.connect('delta');
    client.ask('cds');
    client.take();
    w.publish({ 'cds/c': '1' }, { all: { [cds]: ['b', 'c'], [lds]: ['l'] } });
    expect(client.take()).toEqual([told('cds', { c: '1' }), told('cds', {}, ['a'])]);
  });

  test('a view that is removed is freed when its last stream is gone, and comes back anew', () => {
    const w = world();
    w.publish({}, { some: { [cds]: ['a'] } });
    const client = w.connect('delta', { node: 'two@some' });
    client.ask('cds');
    const { view } = client.state;
    w.engine.publish({ removeViews: ['some'] }, w.now);
    client.close();
    w.pass(5_000);
    w.publish({}, { some: { [cds]: ['b'] } });
    const again = w.connect('delta', { node: 'two@some' });
    again.ask('cds');
    expect(again.take()).toEqual([told('cds', { b: '1' })]);
    expect(again.state.view).not.toBe(view);
  });
});

describe('One answer for all', () => {
  test('streams that know the same are sent the same bytes', () => {
    const w = world();
    const frames: Buffer[] = [];
    for (const node of ['one@all', 'two@all', 'three@all']) {
      const client = w.connect('delta', { node });
      client.ask('rds', { names: ['r1', 'r2'] });
      client.write = (framed) => frames.push(framed);
    }
    w.publish({ 'rds/r1': '2' });
    expect(frames).toHaveLength(3);
    expect(new Set(frames).size).toBe(1);
  });

  test('a large answer is split, and is acknowledged when its last part is', () => {
    const w = world({ answerBytes: 100 });
    const client = w.connect('delta');
    client.ask('cds');
    const parts = client.take();
    expect(parts).toEqual([told('cds', { a: '1' }), told('cds', { b: '1' })]);
    const subscription = client.state.subscriptions.get(cds);
    client.ack(parts.slice(0, 1));
    expect(subscription?.acknowledgedSequence).toBe(0);
    client.ack(parts.slice(1));
    expect(subscription?.acknowledgedSequence).toBe(1);
  });
});
