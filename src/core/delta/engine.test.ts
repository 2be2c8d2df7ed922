import { describe, expect, test } from 'vitest';
import { type Client, resource, World } from './engine-fixture.ts';
import { RequestRefused } from './sink.ts';
import { acknowledgementOf, factsOf, levelsOf } from './stream-facts.ts';
import { TYPE_URL } from './type-urls.ts';

const { cds, lds, rds } = TYPE_URL;
const VIEW = { all: { [cds]: ['a'], [lds]: ['l'] } };

function world(settings = {}): World {
  const made = new World(settings);
  made.publish({ 'cds/a': '1', 'eds/a': '1', 'lds/l': '1', 'rds/r': '1' }, VIEW);
  return made;
}

/** A client that follows as Envoy does, up to date. */
function follower(w: World, protocol: 'delta' | 'sotw' = 'delta', node = 'one@all'): Client {
  const client = w.connect(protocol, { node });
  client.ask('cds');
  client.ack(client.take());
  client.ask('eds', { names: ['a'] });
  client.ack(client.take(), ['a']);
  client.ask('lds');
  client.ack(client.take());
  client.ask('rds', { names: ['r'] });
  client.ack(client.take(), ['r']);
  return client;
}

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
    w.publish({ 'cds/a': '1' }, VIEW);
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

describe('Back-pressure', () => {
  test('a stream that takes nothing is later told the newest state only', () => {
    const w = world();
    const client = follower(w);
    client.ready = false;
    for (const content of ['2', '3', '4']) w.publish({ 'rds/r': content });
    expect(client.take()).toEqual([]);
    client.drain();
    expect(client.take()).toMatchObject([{ type: 'rds', resources: { r: '4' } }]);
  });

  test('it delays nobody', () => {
    const w = world();
    const slow = follower(w);
    const quick = follower(w, 'delta', 'two@all');
    slow.ready = false;
    w.publish({ 'rds/r': '2' });
    expect(types(quick.take())).toEqual(['rds']);
  });

  test('it is ended after a deadline', () => {
    const w = world({ stallDeadlineMs: 1_000 });
    const client = follower(w);
    client.ready = false;
    w.publish({ 'rds/r': '2' });
    w.pass(999);
    expect(client.ended).toBeUndefined();
    w.pass(1);
    expect(client.ended).toEqual({
      code: 'RESOURCE_EXHAUSTED',
      message: 'the stream took no bytes for 1000 ms; connect again',
    });
    expect(w.engine.streams.size).toBe(0);
  });

  test('a stream that acknowledges nothing is told no more than its window, then the newest state', () => {
    const w = world({ unacknowledgedAnswers: 2 });
    const client = follower(w);
    for (const content of ['2', '3', '4', '5']) w.publish({ 'rds/r': content });
    const told = client.take();
    expect(told).toMatchObject([{ resources: { r: '2' } }, { resources: { r: '3' } }]);
    client.ack(told.slice(0, 1));
    expect(client.take()).toMatchObject([{ resources: { r: '5' } }]);
  });

  test('and is ended when it never does', () => {
    const w = world({ unacknowledgedAnswers: 2, stallDeadlineMs: 1_000 });
    const client = follower(w);
    for (const content of ['2', '3', '4']) w.publish({ 'rds/r': content });
    w.pass(1_000);
    expect(client.ended?.message).toContain('acknowledged nothing for 1000 ms');
  });

  test('a stream that merely has not acknowledged yet is left alone', () => {
    const w = world({ stallDeadlineMs: 1_000 });
    const client = follower(w);
    w.publish({ 'rds/r': '2' });
    w.pass(60_000);
    expect(client.ended).toBeUndefined();
  });
});

describe('Requests that are refused', () => {
  const refusal = (send: (client: Client) => void, settings = {}, type?: 'cds') => {
    const client = world(settings).connect('delta', type ? { type } : {});
    try {
      send(client);
    } catch (error) {
      if (error instanceof RequestRefused) return error.end;
      throw error;
    }
    return undefined;
  };

  test('more names than one stream may have', () => {
    expect(refusal((c) => c.ask('rds', { names: ['1', '2', '3'] }), { namesPerType: 2 })).toEqual({
      code: 'RESOURCE_EXHAUSTED',
      message: `more than 2 names of ${rds} on one stream; subscribe to fewer`,
    });
  });

  test('another type on a stream of one type', () => {
    expect(refusal((c) => c.ask('rds'), {}, 'cds')).toEqual({
      code: 'INVALID_ARGUMENT',
      message: `type_url ${rds} on a stream of ${cds}`,
    });
  });

  test('no node in the first request', () => {
    const w = world();
    const client = w.connect('delta');
    client.ask('cds');
    const nameless = w.engine.open({ protocol: 'delta', typeUrl: cds, peer: '', sink: client }, w.now);
    expect(() => w.engine.receive(nameless, Buffer.alloc(0), w.now)).toThrow(
      'the first request of a stream must carry node',
    );
  });
});

describe('TTL', () => {
  test.each(['delta', 'sotw'] as const)(
    '%s: a resource that expires is kept alive without its body',
    (protocol) => {
      const w = world();
      w.engine.publish({ upsert: [resource('rtds', 'values', '1', 300)] }, w.now);
      expect(w.engine.heartbeatIntervalMs()).toBe(100);
      const client = w.connect(protocol);
      client.ask('rtds', { names: ['values'] });
      client.ack(client.take(), ['values']);
      w.engine.heartbeat(w.now);
      const beats = client.take();
      expect(types(beats)).toEqual(['rtds']);
      expect(Object.values(beats[0]?.resources ?? {})).toEqual([undefined]);
    },
  );
});

describe('Who has acknowledged what', () => {
  const R = [{ typeUrl: rds, name: 'r' }];

  test('counts streams subscribed to a resource, and names those that lag', () => {
    const w = world();
    const quick = follower(w);
    follower(w, 'sotw', 'slow@all');
    const sequence = w.publish({ 'rds/r': '2' });
    expect(acknowledgementOf(w.engine, sequence, R)).toMatchObject({ of: 2, by: 0 });
    w.now += 5;
    quick.ack(quick.take());
    expect(acknowledgementOf(w.engine, sequence, R)).toEqual({
      of: 2,
      by: 1,
      lastAt: w.now,
      laggards: ['slow@all'],
      rejected: [],
    });
  });

  test('a rejection is no acknowledgement', () => {
    const w = world();
    const client = follower(w);
    const sequence = w.publish({ 'rds/r': 'bad' });
    const [bad] = client.take();
    client.ask('rds', { nonce: bad?.nonce ?? '', error: 'no' });
    expect(acknowledgementOf(w.engine, sequence, R)).toMatchObject({
      of: 1,
      by: 0,
      laggards: ['one@all'],
      rejected: [{ nodeId: 'one@all', key: R[0], message: 'no' }],
    });
    expect(factsOf(w.engine, client.state, w.now)).toMatchObject({ converged: false });
  });

  test('a newer content acknowledged stands for an older', () => {
    const w = world();
    const client = follower(w);
    const older = w.publish({ 'rds/r': '2' });
    w.publish({ 'rds/r': '3' });
    const told = client.take();
    client.ack(told);
    expect(acknowledgementOf(w.engine, older, R)).toMatchObject({ of: 1, by: 1 });
  });

  test('a stream that has it from before, and was told nothing since, has acknowledged', () => {
    const w = world();
    follower(w);
    const sequence = w.publish({ 'rds/other': '1' });
    expect(acknowledgementOf(w.engine, sequence, R)).toMatchObject({ of: 1, by: 1 });
  });
});

test('Levels count what there is, and how far behind the slowest is', () => {
  const w = world();
  follower(w);
  const slow = follower(w, 'sotw', 'slow@all');
  expect(levelsOf(w.engine, w.now)).toMatchObject({ streams: 2, laggards: 0, slowestLagMs: 0 });
  slow.ready = false;
  w.publish({ 'rds/r': '2' });
  w.now += 70;
  const levels = levelsOf(w.engine, w.now);
  expect(levels).toMatchObject({ laggards: 2, slowestLagMs: 70 });
  expect(levels.subscriptions.get(rds)).toBe(2);
  expect(levels.resources.get(rds)).toBe(1);
});
