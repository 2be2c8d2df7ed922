import { describe, expect, test } from 'vitest';
import { type Client, follower, SMALL_VIEW, type World, smallWorld as world } from './engine-fixture.ts';
import { TYPE_URL } from './type-urls.ts';

const { cds, lds } = TYPE_URL;

const types = (told: ReturnType<Client['take']>) => told.map((t) => t.type);

describe('Eventual consistency considerations', () => {
  test('routes wait until the clusters told before them are acknowledged', () => {
    const w = world();
    const client = follower(w);
    w.publish({ 'cds/b': '1', 'eds/b': '1', 'rds/r': 'to b' }, { all: { [cds]: ['a', 'b'], [lds]: ['l'] } });
    const clusters = client.take();
    expect(types(clusters)).toEqual(['cds']);
    client.ask('eds', { names: ['b'] });
    client.ack(client.take());
    client.ack(clusters);
    expect(client.take()).toEqual([expect.objectContaining({ type: 'rds', resources: { r: 'to b' } })]);
  });

  test('they do not wait for ever', () => {
    const w = world({ warmingDeadlineMs: 1_000 });
    const client = follower(w);
    w.publish({ 'cds/a': '2', 'rds/r': '2' });
    client.take();
    w.pass(999);
    expect(client.take()).toEqual([]);
    w.pass(1);
    expect(types(client.take())).toEqual(['rds']);
  });

  test('a route change alone waits for nothing', () => {
    const w = world();
    const client = follower(w);
    w.publish({ 'rds/r': '2' });
    expect(types(client.take())).toEqual(['rds']);
  });

  test('a removed cluster stays until the route change published with it is acknowledged', () => {
    const w = world();
    const client = follower(w);
    w.publish({ 'rds/r': 'not to a', 'cds/a': undefined, 'eds/a': undefined }, { all: { [lds]: ['l'] } });
    const routes = client.take();
    expect(types(routes)).toEqual(['rds']);
    client.ack(routes);
    const gone = client.take();
    expect(gone).toContainEqual(expect.objectContaining({ type: 'cds', removed: ['a'] }));
    expect(gone).toContainEqual(expect.objectContaining({ type: 'eds', removed: ['a'] }));
  });

  test('a client that does not acknowledge holds the removal up to the deadline', () => {
    const w = world({ removalDeadlineMs: 1_000 });
    const client = follower(w);
    w.publish({ 'rds/r': 'not to a', 'cds/a': undefined }, { all: { [lds]: ['l'] } });
    client.take();
    w.pass(1_000);
    expect(types(client.take())).toEqual(['cds']);
  });

  test('a client that goes away does not hold it', () => {
    const w = world();
    const client = follower(w);
    const slow = follower(w, 'delta', 'two@all');
    w.publish({ 'rds/r': 'not to a', 'cds/a': undefined }, { all: { [lds]: ['l'] } });
    client.ack(client.take());
    expect(client.take()).toEqual([]);
    slow.close();
    expect(types(client.take())).toEqual(['cds']);
  });

  test('what is wanted again before it went does not go', () => {
    const w = world();
    const client = follower(w);
    w.publish({ 'rds/r': '2', 'cds/a': undefined }, { all: { [lds]: ['l'] } });
    const routes = client.take();
    w.publish({ 'cds/a': '1' }, SMALL_VIEW);
    client.ack(routes);
    expect(client.take()).toEqual([]);
    w.publish({ 'cds/a': '2' });
    expect(types(client.take())).toEqual(['cds', 'eds']);
  });

  test.each(['delta', 'sotw'] as const)(
    '%s: endpoints are told again after a changed cluster',
    (protocol) => {
      const w = world();
      const client = follower(w, protocol);
      w.publish({ 'cds/a': '2' });
      expect(client.take()).toMatchObject([
        { type: 'cds', resources: { a: '2' } },
        { type: 'eds', resources: { a: '1' } },
      ]);
    },
  );
});

/** A change that brings a cluster b with a route to it, rejected: returns what is told after the rejection. */
function rejectNewCluster(w: World, client: Client, message: string, routes = { 'rds/r': 'to b' }): Client {
  w.publish({ 'cds/b': '1', 'eds/b': '1', ...routes }, { all: { [cds]: ['a', 'b'], [lds]: ['l'] } });
  for (const { nonce } of client.take()) client.ask('cds', { nonce, error: message });
  return client;
}

describe.each(['delta', 'sotw'] as const)('A new cluster that is rejected (%s)', (protocol) => {
  const error = 'Error adding/updating cluster(s) b: no such thing';

  test('a route to it is not told, since each of its calls would fail', () => {
    const w = world();
    const client = rejectNewCluster(w, follower(w, protocol), error);
    expect(types(client.take())).not.toContain('rds');
    expect(client.state.subscriptions.get(TYPE_URL.rds)?.isConverged).toBe(false);
  });

  test('it is told when the cluster is accepted', () => {
    const w = world();
    const client = rejectNewCluster(w, follower(w, protocol), error);
    client.take();
    w.publish({ 'cds/b': 'mended' });
    client.ack(client.take().filter((t) => t.type === 'cds'));
    expect(client.take()).toContainEqual(expect.objectContaining({ resources: { r: 'to b' } }));
  });

  test('it is told at once when it leads elsewhere', () => {
    const w = world();
    const client = rejectNewCluster(w, follower(w, protocol), error);
    client.take();
    w.publish({ 'rds/r': 'to a' });
    expect(client.take()).toContainEqual(expect.objectContaining({ resources: { r: 'to a' } }));
  });

  test('it does not wait for ever', () => {
    const w = world({ warmingDeadlineMs: 1_000 });
    const client = rejectNewCluster(w, follower(w, protocol), error);
    client.take();
    w.pass(1_000);
    expect(client.take()).toContainEqual(expect.objectContaining({ resources: { r: 'to b' } }));
  });

  test('other routes do not wait', () => {
    const w = world();
    const client = follower(w, protocol);
    w.publish({ 'rds/other': '1' });
    client.ask('rds', {
      names: ['r', 'other'],
      nonce: client.state.subscriptions.get(TYPE_URL.rds)?.lastNonce ?? '',
    });
    client.ack(client.take(), ['r', 'other']);
    rejectNewCluster(w, client, error, { 'rds/r': 'to b', 'rds/other': 'to a' } as { 'rds/r': string });
    expect(client.take()).toContainEqual(
      expect.objectContaining({ type: 'rds', resources: { other: 'to a' } }),
    );
  });

  test('a cluster that others have had for long is new to a view that gains it', () => {
    const w = world();
    w.publish({ 'cds/b': '1', 'eds/b': '1' });
    const client = follower(w, protocol);
    w.publish({ 'rds/r': 'to b' }, { all: { [cds]: ['a', 'b'], [lds]: ['l'] } });
    for (const { nonce } of client.take()) client.ask('cds', { nonce, error });
    expect(types(client.take())).not.toContain('rds');
  });

  test('a cluster that it had before serves on: its routes do not wait', () => {
    const w = world();
    const client = follower(w, protocol);
    w.publish({ 'cds/a': '2', 'rds/r': 'to a' });
    for (const { nonce, type } of client.take()) if (type === 'cds') client.ask('cds', { nonce, error: 'a' });
    expect(client.take()).toContainEqual(expect.objectContaining({ resources: { r: 'to a' } }));
  });

  test('where the rejection names no cluster, any new one may be it', () => {
    const w = world();
    const client = rejectNewCluster(w, follower(w, protocol), 'no');
    expect(types(client.take())).not.toContain('rds');
  });
});
