import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Resource } from '../../core/delta/resource.ts';
import { TYPE_URL } from '../../core/delta/type-urls.ts';
import type { LoadReport } from '../../core/signals/load-report.ts';
import { RouteConfigurationSchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import {
  LoadStatsRequestSchema,
  LoadStatsResponseSchema,
} from '../../gen/envoy/service/load_stats/v3/lrs_pb.js';
import { encodeResource } from '../codec.ts';
import { NodeRefused, type XdsServer } from '../contract.ts';
import type { XdsMetrics } from '../metrics.ts';
import { LOAD_STATS } from '../services.ts';
import { XdsClient } from '../xds-client-fixture.ts';
import { serveXds } from '../xds-server.ts';

const OPENED = { timeout: 30_000, interval: 20 };
const node = (id: string) => ({ id, cluster: 'test', metadata: { penstock: { kind: 'outbound' } } });
const KEY = { typeUrl: TYPE_URL.rds, name: 'r' };

function route(domain: string, name = 'r'): Resource {
  const virtualHosts = [{ name, domains: [domain] }];
  return encodeResource(RouteConfigurationSchema, create(RouteConfigurationSchema, { name, virtualHosts }));
}

let server: XdsServer;
const clients: XdsClient[] = [];
const told: string[] = [];
const lost: { pid: number; streams: number }[] = [];
const reports: LoadReport[] = [];
const counts = new Map<string, number>();
const count = (name: string, by = 1): void => void counts.set(name, (counts.get(name) ?? 0) + by);

const metrics: XdsMetrics = {
  streamOpened: (protocol) => count(protocol),
  streamClosed(protocol, reason) {
    count(protocol, -1);
    count(reason);
  },
  pushed: (_type, bytes, answers = 1) => {
    count('pushed', answers);
    count('bytes', bytes);
  },
  acknowledged: () => count('acknowledged'),
  rejected: () => count('rejected'),
  coalesced: () => count('coalesced'),
  loadReport: () => count('reports'),
};

beforeEach(async () => {
  for (const list of [told, lost, reports]) list.length = 0;
  counts.clear();
  server = await serveXds({
    address: '127.0.0.1:0',
    workers: 2,
    metrics,
    nodes: {
      viewOf({ id }) {
        if (id === 'stranger') throw new NodeRefused('no service is called stranger');
        return 'all';
      },
    },
    listener: {
      connected: ({ id }) => told.push(`+${id}`),
      disconnected: ({ id }) => told.push(`-${id}`),
      rejected: ({ nodeId, rejection }) => told.push(`${nodeId} rejected: ${rejection.message}`),
      acknowledged: ({ nodeId, sequence }) => told.push(`${nodeId} has ${sequence}`),
      loadReport: (report) => reports.push(report),
      workerLost: (event) => lost.push(event),
    },
  });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.close();
});

/** A stream on a connection of its own. */
function follow(id: string) {
  const client = new XdsClient(server.port);
  clients.push(client);
  const stream = client.delta();
  stream.send({ typeUrl: TYPE_URL.rds, node: node(id), resourceNamesSubscribe: ['r'] });
  const next = async () => {
    const answer = await stream.next();
    stream.send({ typeUrl: TYPE_URL.rds, responseNonce: answer.nonce });
    return answer.resources.map(({ version }) => version);
  };
  return { client, stream, next };
}

const versionOf = () => server.resource(KEY)?.version;

describe('two workers behind one address', { timeout: 60_000 }, () => {
  test('have connections each, and tell all streams every change once', async () => {
    server.publish({ upsert: [route('one')], views: [['all', {}]] });
    const four = ['a', 'b', 'c', 'd'].map(follow);
    for (const each of four) expect(await each.next()).toEqual([versionOf()]);
    server.publish({ upsert: [route('two')] });
    for (const each of four) expect(await each.next()).toEqual([versionOf()]);
    for (const { stream } of four) expect(stream.untaken).toBe(0);
    await vi.waitUntil(() => server.workers().length === 2, OPENED);
    expect(server.workers().map(({ connections }) => connections)).toEqual([2, 2]);
    await vi.waitUntil(() => counts.get('acknowledged') === 8, OPENED);
    expect(counts.get('delta')).toBe(4);
    expect(counts.get('pushed')).toBe(8);
    expect(told.filter((each) => each.startsWith('+')).sort()).toEqual(['+a', '+b', '+c', '+d']);
  });

  test('join what sidecars acknowledged, and count those who have not', async () => {
    server.publish({ upsert: [route('one')], views: [['all', {}]] });
    const four = ['a', 'b', 'c', 'd'].map(follow);
    for (const each of four) await each.next();
    await vi.waitUntil(() => server.streams().length === 4, OPENED);
    const { sequence } = server.publish({ upsert: [route('two')] });
    expect(server.acknowledgement(sequence, [KEY])).toMatchObject({ of: 4, by: 0 });
    for (const each of four.slice(0, 3)) await each.next();
    await vi.waitUntil(() => server.acknowledgement(sequence, [KEY]).by === 3, OPENED);
    expect(server.acknowledgement(sequence, [KEY])).toMatchObject({ of: 4, laggards: ['d'] });
    const rejecting = four[3]?.stream;
    const answer = await rejecting?.next();
    rejecting?.send({
      typeUrl: TYPE_URL.rds,
      responseNonce: answer?.nonce ?? '',
      errorDetail: { code: 3, message: 'not this' },
    });
    await vi.waitUntil(() => server.acknowledgement(sequence, [KEY]).rejected.length === 1, OPENED);
    expect(told).toContain('d rejected: not this');
    expect(told).toContain(`a has ${sequence}`);
    // What is published beside it does not change who has this.
    const later = server.publish({ upsert: [route('three', 'other')] });
    expect(server.acknowledgement(later.sequence, [KEY])).toMatchObject({ of: 4, by: 3 });
    const converged = () =>
      server
        .streams()
        .flatMap(({ node: { id }, converged }) => (converged ? [id] : []))
        .sort()
        .join('');
    await vi.waitUntil(() => server.levels().laggards === 1 && converged() === 'abc', OPENED);
  });

  test('a worker that is killed loses nothing: its sidecars come back, and are told only what is new', async () => {
    server.publish({ upsert: [route('one')], views: [['all', {}]] });
    const [a, b] = [follow('a'), follow('b')];
    await Promise.all([a.next(), b.next()]);
    await vi.waitUntil(() => server.streams().length === 2, OPENED);
    const before = server.pids;
    process.kill(before[1] ?? 0, 'SIGKILL');
    const ended = await Promise.race([a.stream.ended.then(() => 'a'), b.stream.ended.then(() => 'b')]);
    const kept = ended === 'a' ? b : a;
    server.publish({ upsert: [route('two')] });
    expect(await kept.next()).toEqual([versionOf()]);
    expect(await follow(ended).next()).toEqual([versionOf()]);
    await vi.waitUntil(() => server.pids.length === 3, OPENED);
    expect(lost).toMatchObject([{ pid: before[1], streams: 1 }]);
    expect(counts.get('workerLost')).toBe(1);
    expect(told).toContain(`-${ended}`);
    await vi.waitUntil(() => server.streams().length === 2, OPENED);
    // The new worker has the state, and is asked what the old one was asked.
    const { sequence } = server.publish({ upsert: [route('three')] });
    const more = ['c', 'd'].map(follow);
    for (const each of more) expect(await each.next()).toEqual([versionOf()]);
    await kept.next();
    await vi.waitUntil(() => server.acknowledgement(sequence, [KEY]).by >= 3, OPENED);
  });

  test('refuse who is not served, with the reason', async () => {
    server.publish({ views: [['all', {}]] });
    const error = await follow('stranger').stream.ended;
    expect(error).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: 'no service is called stranger',
    });
  });

  test('wait for the first publication, as one process does', async () => {
    const early = follow('early');
    await vi.waitUntil(() => counts.get('delta') === 1, OPENED);
    server.publish({ upsert: [route('one')], views: [['all', {}]] });
    expect(await early.next()).toEqual([versionOf()]);
  });

  test('hand on load reports, with what the node is', async () => {
    server.publish({ views: [['all', {}]] });
    const client = new XdsClient(server.port);
    clients.push(client);
    const stream = client.stream(LOAD_STATS, LoadStatsRequestSchema, LoadStatsResponseSchema);
    stream.send({ node: node('reporter') });
    await stream.next();
    stream.send({ clusterStats: [{ clusterName: 'default/fraud/v1', totalDroppedRequests: 3n }] });
    await vi.waitUntil(() => reports.length === 1, OPENED);
    expect(reports[0]).toMatchObject({
      nodeId: 'reporter',
      role: 'outbound',
      clusters: [{ cluster: 'default/fraud/v1', dropped: 3 }],
    });
  });

  test('end their streams and themselves when the server closes', async () => {
    server.publish({ upsert: [route('one')], views: [['all', {}]] });
    const one = follow('a');
    await one.next();
    const pids = server.pids.slice(1);
    const closed = server.close();
    expect(await one.stream.ended).toMatchObject({ code: status.UNAVAILABLE });
    await closed;
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
