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

describe('How the client specifies what resources to return (delta)', () => {
  test('an empty first request for clusters is a wildcard', () => {
    const client = world().connect('delta');
    client.ask('cds');
    expect(client.take()).toEqual([told('cds', { a: '1', b: '1' })]);
  });

  test('`*` is a wildcard, not a name', () => {
    const client = world().connect('delta');
    client.ask('cds', { names: ['*'] });
    expect(client.take()).toEqual([told('cds', { a: '1', b: '1' })]);
  });

  test('an empty first request for routes is no subscription', () => {
    const client = world().connect('delta');
    client.ask('rds');
    expect(client.take()).toEqual([]);
  });

  test('a wildcard on a view that shows nothing is answered with nothing, so that the client starts', () => {
    const w = world();
    w.publish({}, { none: {} });
    const client = w.connect('delta', { node: 'one@none' });
    client.ask('cds');
    expect(client.take()).toEqual([told('cds', {})]);
  });

  test('naming something ends the legacy wildcard', () => {
    const w = world();
    const client = w.connect('delta');
    client.ask('cds');
    client.ask('cds', { names: ['a'] });
    client.take();
    w.publish({ 'cds/b': '2' });
    expect(client.take()).toEqual([]);
    w.publish({ 'cds/a': '2' });
    expect(client.take()).toEqual([told('cds', { a: '2' })]);
  });

  test('taking all names away does not bring the wildcard back', () => {
    const w = world();
    const client = w.connect('delta');
    client.ask('cds', { names: ['a'] });
    client.ask('cds', { drop: ['a'] });
    client.take();
    w.publish({ 'cds/a': '2', 'cds/b': '2' });
    expect(client.take()).toEqual([]);
  });

  test('a name beside the wildcard is told, and still is when the wildcard goes', () => {
    const w = world();
    w.publish({ 'cds/hidden': '1' });
    const client = w.connect('delta');
    client.ask('cds', { names: ['*', 'hidden'] });
    expect(client.take()).toEqual([told('cds', { a: '1', b: '1', hidden: '1' })]);
    client.ask('cds', { drop: ['*'] });
    w.publish({ 'cds/hidden': '2', 'cds/a': '2' });
    expect(client.take()).toEqual([told('cds', { hidden: '2' })]);
  });

  test('a name taken away beside a wildcard is answered, since the wildcard may cover it', () => {
    const w = world();
    w.publish({ 'cds/hidden': '1' });
    const client = w.connect('delta');
    client.ask('cds', { names: ['*', 'a', 'hidden'] });
    client.take();
    client.ask('cds', { drop: ['a', 'hidden'] });
    expect(client.take()).toEqual([told('cds', { a: '1' }, ['hidden'])]);
  });
});

describe('Subscribing to resources (delta)', () => {
  test('names are told, and later only their changes', () => {
    const w = world();
    const client = w.connect('delta');
    client.ask('rds', { names: ['r1'] });
    expect(client.take()).toEqual([told('rds', { r1: '1' })]);
    w.publish({ 'rds/r1': '2', 'rds/r2': '2' });
    expect(client.take()).toEqual([told('rds', { r1: '2' })]);
    w.publish({ 'rds/r1': '2' });
    expect(client.take()).toEqual([]);
  });

  test('a name that does not exist is told as removed, and told when it comes', () => {
    const w = world();
    const client = w.connect('delta');
    client.ask('rds', { names: ['r1', 'later'] });
    expect(client.take()).toEqual([told('rds', { r1: '1' }, ['later'])]);
    w.publish({ 'rds/later': '1' });
    expect(client.take()).toEqual([told('rds', { later: '1' })]);
  });

  test('a name subscribed to again is told again', () => {
    const client = world().connect('delta');
    client.ask('rds', { names: ['r1'] });
    client.ack(client.take());
    client.ask('rds', { names: ['r1'] });
    expect(client.take()).toEqual([told('rds', { r1: '1' })]);
  });

  test('only what is added is told', () => {
    const client = world().connect('delta');
    client.ask('rds', { names: ['r1'] });
    client.ack(client.take());
    client.ask('rds', { names: ['r2'] });
    expect(client.take()).toEqual([told('rds', { r2: '1' })]);
  });

  test('what is taken away is told no more', () => {
    const w = world();
    const client = w.connect('delta');
    client.ask('rds', { names: ['r1', 'r2'] });
    client.take();
    client.ask('rds', { drop: ['r1'] });
    w.publish({ 'rds/r1': '2', 'rds/r2': '2' });
    expect(client.take()).toEqual([told('rds', { r2: '2' })]);
  });

  test('names grow and shrink one by one, for one stream and for streams in step', () => {
    const w = world();
    const clients = [w.connect('delta'), w.connect('delta', { node: 'two@all' })];
    for (const name of ['r1', 'r2', 'r3']) for (const client of clients) client.ask('rds', { names: [name] });
    for (const client of clients) client.ask('rds', { drop: ['r2'] });
    for (const client of clients) client.take();
    w.publish({ 'rds/r1': '2', 'rds/r2': '2', 'rds/r3': '2' });
    for (const client of clients) expect(client.take()).toEqual([told('rds', { r1: '2', r3: '2' })]);
  });
});

describe('Client reconnect (delta)', () => {
  const version = (name: string) => resource('cds', name, '1').version;

  test('what the client has in the current version is not told again', () => {
    const client = world().connect('delta');
    client.ask('cds', { versions: { a: version('a'), b: 'older' } });
    expect(client.take()).toEqual([told('cds', { b: '1' })]);
  });

  test('a client that has everything is told nothing, and counts as having acknowledged', () => {
    const w = world();
    const client = w.connect('delta');
    client.ask('cds', { versions: { a: version('a'), b: version('b') } });
    expect(client.take()).toEqual([]);
    w.publish({ 'cds/a': '2' });
    expect(client.take()).toEqual([told('cds', { a: '2' })]);
  });

  test('what it has and is gone is told as removed', () => {
    const client = world().connect('delta');
    client.ask('cds', { names: ['*'], versions: { a: version('a'), b: version('b'), gone: '1' } });
    expect(client.take()).toEqual([told('cds', {}, ['gone'])]);
  });

  test('names with versions of which one is current', () => {
    const client = world().connect('delta');
    client.ask('rds', { names: ['r1', 'r2'], versions: { r1: resource('rds', 'r1', '1').version } });
    expect(client.take()).toEqual([told('rds', { r2: '1' })]);
  });

  test('endpoints of clusters told on this stream are told in any version: their clusters wait for them', () => {
    const client = world().connect('delta');
    client.ask('cds', { versions: { a: 'older', b: version('b') } });
    client.ask('eds', {
      names: ['a', 'b'],
      versions: { a: resource('eds', 'a', '1').version, b: resource('eds', 'b', '1').version },
    });
    expect(client.take()).toEqual([told('cds', { a: '1' }), told('eds', { a: '1' })]);
  });
});

describe('ACK and NACK (delta)', () => {
  test('a rejection is kept with its text, and the same is not sent again', () => {
    const w = world();
    const client = w.connect('delta');
    client.ask('rds', { names: ['r1'] });
    client.ack(client.take());
    w.publish({ 'rds/r1': 'bad' });
    const [bad] = client.take();
    client.ask('rds', { nonce: bad?.nonce ?? '', error: 'no such cluster' });
    expect(client.take()).toEqual([]);
    expect(w.rejections).toEqual([
      {
        nodeId: 'one@all',
        rejection: { at: w.now, message: 'no such cluster', nonce: bad?.nonce, names: ['r1'] },
      },
    ]);
  });

  test('the next content is sent, and its acknowledgement ends the rejection', () => {
    const w = world();
    const client = w.connect('delta');
    client.ask('rds', { names: ['r1'] });
    const [first] = client.take();
    client.ask('rds', { nonce: first?.nonce ?? '', error: 'no' });
    expect(client.state.subscriptions.get(TYPE_URL.rds)?.isConverged).toBe(false);
    w.publish({ 'rds/r1': '2' });
    client.ack(client.take());
    expect(client.state.subscriptions.get(TYPE_URL.rds)?.isConverged).toBe(true);
  });

  test('an unknown nonce acknowledges nothing, but names that come with it count', () => {
    const client = world().connect('delta');
    client.ask('rds', { names: ['r1'] });
    client.take();
    client.ask('rds', { nonce: 'unknown', names: ['r2'] });
    expect(client.take()).toEqual([told('rds', { r2: '1' })]);
    expect(client.state.subscriptions.get(TYPE_URL.rds)?.outstanding).toHaveLength(2);
  });

  test('several answers may be under way; each is acknowledged by its own nonce', () => {
    const w = world();
    const client = w.connect('delta');
    client.ask('rds', { names: ['r1'] });
    w.publish({ 'rds/r1': '2' });
    const [first, second] = client.take();
    client.ask('rds', { nonce: second?.nonce ?? '' });
    expect(client.state.subscriptions.get(TYPE_URL.rds)?.isConverged).toBe(false);
    client.ask('rds', { nonce: first?.nonce ?? '' });
    expect(client.state.subscriptions.get(TYPE_URL.rds)?.isConverged).toBe(true);
  });
});
