import { describe, expect, test } from 'vitest';
import { World } from './engine-fixture.ts';
import { TYPE_URL } from './type-urls.ts';

const { cds, lds } = TYPE_URL;

function world(): World {
  const made = new World();
  made.publish(
    { 'cds/a': '1', 'cds/b': '1', 'lds/l': '1', 'rds/r1': '1', 'rds/r2': '1', 'eds/a': '1', 'eds/b': '1' },
    { all: { [cds]: ['a', 'b'], [lds]: ['l'] } },
  );
  return made;
}

const told = (type: string, resources: Record<string, string>) =>
  expect.objectContaining({ type, resources });

describe('How the client specifies what resources to return (SotW)', () => {
  test.each([
    [
      'an empty first request for clusters is a wildcard',
      'cds',
      undefined,
      [told('cds', { a: '1', b: '1' })],
    ],
    ['`*` is a wildcard', 'cds', ['*'], [told('cds', { a: '1', b: '1' })]],
    ['`*` with a name is both', 'lds', ['*', 'none'], [told('lds', { l: '1' })]],
    ['an empty first request for routes is no subscription', 'rds', undefined, []],
    ['names are told', 'rds', ['r1'], [told('rds', { r1: '1' })]],
    ['what does not exist is not told', 'rds', ['r1', 'none'], [told('rds', { r1: '1' })]],
    ['nothing that exists, nothing to tell', 'rds', ['none'], []],
    ['clusters that do not exist are told by absence', 'cds', ['none'], [told('cds', {})]],
  ] as const)('%s', (_, type, names, expected) => {
    const client = world().connect('sotw');
    client.ask(type, names ? { names } : {});
    expect(client.take()).toEqual(expected);
  });

  test.each(['cds', 'rds', 'eds'] as const)('for %s an empty list after names is no wildcard', (type) => {
    const w = world();
    const client = w.connect('sotw');
    client.ask(type, { names: ['a'] });
    const last = client.take().at(-1);
    client.ask(type, { nonce: last?.nonce ?? '' });
    client.take();
    w.publish({ 'cds/b': '2', 'rds/r1': '2', 'eds/b': '2' });
    expect(client.take()).toEqual([]);
  });

  test('an empty list after an empty list stays the wildcard', () => {
    const w = world();
    const client = w.connect('sotw');
    client.ask('cds');
    client.ack(client.take());
    w.publish({ 'cds/b': '2' });
    expect(client.take()).toEqual([told('cds', { a: '1', b: '2' })]);
  });
});

describe('Resource updates (SotW)', () => {
  test('clusters and listeners are told in full, routes and endpoints as far as they changed', () => {
    const w = world();
    const client = w.connect('sotw');
    client.ask('cds');
    client.ack(client.take());
    client.ask('rds', { names: ['r1', 'r2'] });
    client.ack(client.take(), ['r1', 'r2']);
    w.publish({ 'cds/a': '2', 'rds/r2': '2' });
    const [clusters, ...none] = client.take();
    expect([clusters, ...none]).toEqual([told('cds', { a: '2', b: '1' })]);
    client.ack(clusters ? [clusters] : []);
    expect(client.take()).toEqual([told('rds', { r2: '2' })]);
  });

  test('an acknowledgement with the same names is not answered', () => {
    const client = world().connect('sotw');
    client.ask('rds', { names: ['r1', 'r2'] });
    client.ack(client.take(), ['r1', 'r2']);
    client.ack(client.take(), ['r2', 'r1']);
    expect(client.take()).toEqual([]);
  });

  test('a stale nonce is ignored, with the names that came with it', () => {
    const w = world();
    const client = w.connect('sotw');
    client.ask('rds', { names: ['r1'] });
    const [first] = client.take();
    w.publish({ 'rds/r1': '2' });
    const [second] = client.take();
    client.ask('rds', { nonce: first?.nonce ?? '', names: ['r1', 'r2'] });
    expect(client.take()).toEqual([]);
    client.ask('rds', { nonce: second?.nonce ?? '', names: ['r1', 'r2'] });
    expect(client.take()).toEqual([told('rds', { r2: '1' })]);
  });

  test('a nonce of an earlier stream does not matter on a new one', () => {
    const client = world().connect('sotw');
    client.ask('rds', { names: ['r1'], nonce: 'of another stream' });
    expect(client.take()).toEqual([told('rds', { r1: '1' })]);
  });

  test('names added are told, names left out are told no more', () => {
    const w = world();
    const client = w.connect('sotw');
    client.ask('rds', { names: ['r1'] });
    client.ack(client.take(), ['r1', 'r2']);
    const added = client.take();
    expect(added).toEqual([told('rds', { r2: '1' })]);
    client.ack(added, ['r2']);
    w.publish({ 'rds/r1': '2', 'rds/r2': '2' });
    expect(client.take()).toEqual([told('rds', { r2: '2' })]);
  });
});

describe('ACK and NACK (SotW)', () => {
  test('a rejection is kept, and not answered with the same version', () => {
    const w = world();
    const client = w.connect('sotw');
    client.ask('rds', { names: ['r1'] });
    const [first] = client.take();
    client.ask('rds', { names: ['r1'], nonce: first?.nonce ?? '', error: 'no such cluster' });
    expect(client.take()).toEqual([]);
    expect(w.rejections[0]?.rejection).toMatchObject({ message: 'no such cluster', names: ['r1'] });
    w.publish({ 'rds/r1': '2' });
    expect(client.take()).toEqual([told('rds', { r1: '2' })]);
  });
});

describe('Deleting resources (SotW)', () => {
  test('a cluster that is gone is absent from the next answer', () => {
    const w = world();
    const client = w.connect('sotw');
    client.ask('cds');
    client.ack(client.take());
    w.publish({ 'cds/a': undefined }, { all: { [cds]: ['b'], [lds]: ['l'] } });
    expect(client.take()).toEqual([told('cds', { b: '1' })]);
  });
});
