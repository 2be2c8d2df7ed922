import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ADDING_ORDER, TYPE_URL } from '../core/delta/type-urls.ts';
import { RouteConfigurationSchema } from '../gen/envoy/config/route/v3/route_pb.js';
import { DeltaDiscoveryRequestSchema } from '../gen/envoy/service/discovery/v3/discovery_pb.js';
import { frameMessage } from '../grpc/messages.ts';
import { encodeResource } from './codec.ts';
import type { XdsServer } from './contract.ts';
import { XdsClient } from './xds-client-fixture.ts';
import { serveXds } from './xds-server.ts';

const NODE = { id: 'hostile' };
const DELTA_ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

let server: XdsServer;
let client: XdsClient;
/** Another connection, that follows one route all the while. */
let good: XdsClient;
let bump: () => Promise<number>;

beforeEach(async () => {
  server = await serveXds({
    address: '127.0.0.1:0',
    nodes: { viewOf: () => 'all' },
    settings: { stallDeadlineMs: 300, unacknowledgedAnswers: 4 },
  });
  client = new XdsClient(server.port);
  good = new XdsClient(server.port);
  bump = await follow(good);
});

afterEach(async () => {
  client.close();
  good.close();
  await server.close();
});

function publish(domain: string): void {
  const virtualHosts = [{ name: 'r', domains: [domain] }];
  const route = create(RouteConfigurationSchema, { name: 'r', virtualHosts });
  server.publish({ upsert: [encodeResource(RouteConfigurationSchema, route)], views: [['all', {}]] });
}

/** Follows the route; what it returns changes it and tells how long that took to arrive, ms. */
async function follow(xds: XdsClient): Promise<() => Promise<number>> {
  let count = 0;
  publish('0');
  const stream = xds.delta();
  stream.send({ node: { id: 'good' }, typeUrl: TYPE_URL.rds, resourceNamesSubscribe: ['r'] });
  const next = async (): Promise<string | undefined> => {
    const { nonce, resources } = await stream.next();
    stream.send({ typeUrl: TYPE_URL.rds, responseNonce: nonce });
    const bytes = resources[0]?.resource?.value ?? new Uint8Array();
    return fromBinary(RouteConfigurationSchema, bytes).virtualHosts[0]?.domains[0];
  };
  await next();
  return async () => {
    const at = performance.now();
    publish(`${++count}`);
    while ((await next()) !== `${count}`);
    return performance.now() - at;
  };
}

/** Changes the route again and again while something else goes on; the slowest arrival, ms. */
async function slowestDuring(other: Promise<unknown>): Promise<number> {
  let isOver = false;
  const end = other.finally(() => {
    isOver = true;
  });
  let slowest = 0;
  do slowest = Math.max(slowest, await bump());
  while (!isOver);
  await end;
  return slowest;
}

/** On a machine that others use too; what is meant is not to hang. */
const UNFELT_MS = 2_000;

test('bytes of any kind end their own stream, with a reason, and nothing else', async () => {
  const refused = new Set([status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED]);
  const one = fc.uint8Array({ minLength: 1, maxLength: 200 });
  const mutated = fc
    .tuple(fc.nat(), fc.nat(255), fc.constantFrom(...ADDING_ORDER))
    .map(([at, byte, typeUrl]) => {
      const init = { node: NODE, typeUrl, resourceNamesSubscribe: ['r', '*'], responseNonce: 'x' };
      const bytes = toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, init));
      bytes[at % bytes.length] = byte;
      return bytes;
    });
  const fuzz = fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(one, mutated), { minLength: 1, maxLength: 5 }), async (messages) => {
      const stream = client.delta();
      for (const message of messages) stream.call.write(Buffer.from(message));
      // A stream that took everything is ended from here, with a type that nobody serves.
      stream.send({ node: NODE, typeUrl: 'no.such.Type' });
      const { code, details } = await stream.ended;
      expect(refused).toContain(code);
      expect(details).not.toBe('');
    }),
    { numRuns: 200 },
  );
  expect(await slowestDuring(fuzz)).toBeLessThan(UNFELT_MS);
});

test('bytes that are no HTTP/2 end their connection', async () => {
  const attacks = [
    'GET / HTTP/1.1\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff',
    '\x16\x03\x01',
  ];
  const closed = attacks.map(
    (text) =>
      new Promise<void>((resolve) => {
        const socket = connect(server.port, '127.0.0.1', () => socket.end(Buffer.from(text, 'latin1')));
        socket.on('error', () => {}).on('close', () => resolve());
        socket.resume();
      }),
  );
  expect(await slowestDuring(Promise.all(closed))).toBeLessThan(UNFELT_MS);
});

test('a million names are refused, and their stream with them', async () => {
  const stream = client.delta();
  for (let part = 0; part < 100; part++) {
    stream.send({
      ...(part === 0 && { node: NODE }),
      typeUrl: TYPE_URL.eds,
      resourceNamesSubscribe: Array.from(
        { length: 10_000 },
        (_, i) => `a-name-that-does-not-exist-${part}-${i}`,
      ),
    });
  }
  expect(await slowestDuring(stream.ended)).toBeLessThan(UNFELT_MS);
  expect(await stream.ended).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: expect.stringContaining('more than 25000 names'),
  });
});

test('names in one request beyond its largest size are refused before they are read', async () => {
  const stream = client.delta();
  const names = Array.from({ length: 200_000 }, (_, i) => `a-name-of-a-resource-that-does-not-exist-${i}`);
  stream.send({ node: NODE, typeUrl: TYPE_URL.eds, resourceNamesSubscribe: names });
  expect(await stream.ended).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: expect.stringContaining('is larger than 4194304'),
  });
});

test.each([
  ['a type that nobody serves', 'type.googleapis.com/no.such.Type'],
  ['a type of the version before', 'type.googleapis.com/envoy.api.v2.Cluster'],
  ['a very long type', 'x'.repeat(100_000)],
])('%s is refused', async (_, typeUrl) => {
  const stream = client.delta();
  stream.send({ node: NODE, typeUrl });
  expect(await stream.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('a stream that acknowledges nothing is told no more than its window, and ended', async () => {
  const stream = client.delta();
  stream.send({ node: NODE, typeUrl: TYPE_URL.rds, resourceNamesSubscribe: ['r'] });
  expect(await slowestDuring(stream.ended)).toBeLessThan(UNFELT_MS);
  expect(stream.untaken).toBeLessThanOrEqual(4);
  expect(await stream.ended).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: expect.stringContaining('acknowledged nothing for 300 ms'),
  });
});

test('a stream that asks again and again without end is answered within its window, and ended', async () => {
  const stream = client.delta();
  stream.send({ node: NODE, typeUrl: TYPE_URL.rds, resourceNamesSubscribe: ['r'] });
  let isOver = false;
  void stream.ended.then(() => {
    isOver = true;
  });
  const flood = async () => {
    while (!isOver) {
      for (let i = 0; i < 100; i++)
        stream.send({ typeUrl: TYPE_URL.rds, resourceNamesSubscribe: ['r', 'x'] });
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  expect(await slowestDuring(flood())).toBeLessThan(UNFELT_MS);
  expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
});

test('connections that take no bytes are ended, and their answers do not pile up', async () => {
  const session = connectHttp2(`http://127.0.0.1:${server.port}`, { settings: { initialWindowSize: 0 } });
  session.on('error', () => {});
  const headers = {
    ':method': 'POST',
    ':path': DELTA_ADS,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const request = create(DeltaDiscoveryRequestSchema, {
    node: NODE,
    typeUrl: TYPE_URL.rds,
    resourceNamesSubscribe: ['r'],
  });
  const closed = Array.from({ length: 50 }, () => {
    const stream = session.request(headers);
    stream.on('error', () => {});
    stream.write(frameMessage(toBinary(DeltaDiscoveryRequestSchema, request)));
    return new Promise<void>((resolve) => stream.on('close', () => resolve()));
  });
  expect(await slowestDuring(Promise.all(closed))).toBeLessThan(UNFELT_MS);
  await expect.poll(() => server.streams().length).toBe(1);
  session.destroy();
});

test.each([
  ['a compressed message', [1, 0, 0, 0, 1, 0], status.UNIMPLEMENTED, 'compressed messages are not read'],
  ['a message of four gigabytes', [0, 255, 255, 255, 255, 0], status.RESOURCE_EXHAUSTED, 'is larger than'],
])('%s is refused by its first bytes', async (_, bytes, code, message) => {
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  const headers = {
    ':method': 'POST',
    ':path': DELTA_ADS,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const stream = session.request(headers);
  const trailers = new Promise<Record<string, unknown>>((resolve) => stream.on('trailers', resolve));
  stream.on('error', () => {});
  stream.resume();
  stream.write(Buffer.from(bytes));
  const { 'grpc-status': told, 'grpc-message': why } = await trailers;
  expect([told, decodeURIComponent(`${why}`)]).toEqual([`${code}`, expect.stringContaining(message)]);
  session.destroy();
});

test('a thousand streams that say nothing cost others nothing', async () => {
  const streams = Array.from({ length: 1_000 }, () => client.delta());
  expect(await slowestDuring(new Promise((resolve) => setTimeout(resolve, 200)))).toBeLessThan(UNFELT_MS);
  for (const { call } of streams) call.cancel();
});
