import { describe, expect, test } from 'vitest';
import { type Client, follower, resource, smallWorld as world } from './engine-fixture.ts';
import { RequestRefused } from './sink.ts';
import { acknowledgementOf, countedOnce, factsOf, levelsOf } from './stream-facts.ts';
import { TYPE_URL } from './type-urls.ts';

const { cds, rds } = TYPE_URL;

const types = (told: ReturnType<Client['take']>) => told.map((t) => t.type);

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
    expect(factsOf(client.state, countedOnce(w.engine), w.now)).toMatchObject({ converged: false });
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
