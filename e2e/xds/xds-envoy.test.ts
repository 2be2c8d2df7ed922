import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Change, Publication, Resource } from '../../src/core/delta/resource.ts';
import { TYPE_URL } from '../../src/core/delta/type-urls.ts';
import type { LoadReport } from '../../src/core/signals/load-report.ts';
import type { XdsServer } from '../../src/xds/contract.ts';
import { serveXds } from '../../src/xds/xds-server.ts';
import { type Release, type RunningEnvoy, startEnvoy, waitFor } from './envoy.ts';
import { cluster, endpoints, listener, routes } from './resources.ts';

const VIEW = 'sidecars';
/** Heartbeats come three times in it. */
const TTL_MS = 1_500;

/** Requests to one address, one after another, until it is stopped. */
class Traffic {
  readonly #answers: string[] = [];
  #running = true;
  readonly #done: Promise<void>;

  constructor(port: number) {
    this.#done = this.#run(port);
  }

  async #run(port: number): Promise<void> {
    while (this.#running) {
      const response = await fetch(`http://127.0.0.1:${port}/`).catch((error: Error) => error);
      if (response instanceof Error) this.#answers.push(`${response.message}: ${response.cause}`);
      else this.#answers.push(`${response.ok ? '' : `${response.status} `}${await response.text()}`);
    }
  }

  /** Waits for an answer given after now. */
  async until(answer: string): Promise<void> {
    const from = this.#answers.length;
    await waitFor(() => this.#answers.indexOf(answer, from) >= 0 || undefined);
  }

  /** The distinct answers so far. */
  get distinct(): string[] {
    return [...new Set(this.#answers)].sort();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }
}

async function model(answer: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_, response) => response.end(answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

const ENVOYS: readonly (readonly [Release, 'delta' | 'sotw'])[] = [
  ['newest', 'delta'],
  ['newest', 'sotw'],
  ['oldest', 'delta'],
  ['oldest', 'sotw'],
];

describe.each(ENVOYS)('the %s Envoy, following by %s', (release, protocol) => {
  let models: Record<'v1' | 'v2' | 'v3', { server: Server; port: number }>;
  let server: XdsServer;
  let envoy: RunningEnvoy;
  let traffic: Traffic;
  const reports: LoadReport[] = [];

  const serve = (address: string): Promise<XdsServer> =>
    serveXds({
      address,
      nodes: { viewOf: () => VIEW },
      listener: { loadReport: (report) => reports.push(report) },
      settings: { loadReportIntervalMs: 200 },
    });

  const views = (clusters: readonly string[]): NonNullable<Change['views']> => [
    [VIEW, { [TYPE_URL.cds]: clusters, [TYPE_URL.lds]: ['http'] }],
  ];

  /** Publishes and waits until the Envoy has acknowledged what changed. */
  async function followed(change: Change): Promise<Publication> {
    const publication = server.publish(change);
    await waitFor(() => {
      const { of, by } = server.acknowledgement(publication.sequence, publication.changed);
      return (of > 0 && of === by) || undefined;
    });
    return publication;
  }

  const first = (): Resource[] => [
    cluster('v1'),
    endpoints('v1', models.v1.port),
    listener('http', 'model'),
    routes('model', { v1: 100 }),
  ];

  beforeAll(async () => {
    models = { v1: await model('v1'), v2: await model('v2'), v3: await model('v3') };
    server = await serve('127.0.0.1:0');
    server.publish({ upsert: first(), views: views(['v1']) });
    envoy = await startEnvoy({ nodeId: `e2e-${protocol}`, xdsPort: server.port, protocol, release });
    traffic = new Traffic(await envoy.listeningPort());
    await traffic.until('v1');
    expect(traffic.distinct, 'answers while it starts').toEqual(['v1']);
  });

  afterAll(async () => {
    await traffic?.stop();
    await envoy?.stop();
    await server?.close();
    for (const { server } of Object.values(models ?? {})) server.close();
  });

  test('names itself and converges', async () => {
    const stream = await waitFor(() => server.streams().find((s) => s.converged && s.types.length === 4));
    expect(stream).toMatchObject({ node: { id: `e2e-${protocol}`, cluster: 'e2e' }, protocol });
    expect(stream.node.userAgent).toMatch(
      release === 'oldest' ? /^envoy 1\.36\.\d+$/ : /^envoy 1\.\d+\.\d+$/,
    );
    expect(stream.types.map((t) => [t.typeUrl, t.resources])).toEqual([
      [TYPE_URL.cds, 1],
      [TYPE_URL.eds, 1],
      [TYPE_URL.lds, 1],
      [TYPE_URL.rds, 1],
    ]);
  });

  test('a version and its weight come in one publication, and no request is lost', async () => {
    await followed({
      upsert: [cluster('v2'), endpoints('v2', models.v2.port), routes('model', { v1: 0, v2: 100 })],
      views: views(['v1', 'v2']),
    });
    await traffic.until('v2');
    expect(traffic.distinct).toEqual(['v1', 'v2']);
  });

  test('a changed cluster has its endpoints at once', async () => {
    const before = performance.now();
    await followed({ upsert: [cluster('v2', 2)] });
    expect(performance.now() - before).toBeLessThan(5_000); // without endpoints told again Envoy waits 15 s
    await traffic.until('v2');
    expect(traffic.distinct).toEqual(['v1', 'v2']);
  });

  test('endpoints that change are followed', async () => {
    await followed({ upsert: [endpoints('v2', models.v3.port)] });
    await traffic.until('v3');
    await followed({ upsert: [endpoints('v2', models.v2.port)] });
    await traffic.until('v2');
    expect(traffic.distinct).toEqual(['v1', 'v2', 'v3']);
  });

  test('a bad route is rejected with its reason, the last good one stays in force, and the next is taken', async () => {
    const bad = server.publish({ upsert: [routes('model', { v1: 100 }, ['*', '*'])] });
    const rejected = await waitFor(() => server.acknowledgement(bad.sequence, bad.changed).rejected[0]);
    expect(rejected).toMatchObject({ nodeId: `e2e-${protocol}`, key: { name: 'model' } });
    expect(rejected.message).toMatch(/domain/);
    await traffic.until('v2');
    await followed({ upsert: [routes('model', { v1: 100, v2: 0 })] });
    await traffic.until('v1');
    expect(server.streams()[0]?.types.every((t) => t.rejection === undefined)).toBe(true);
  });

  test('a route to a new cluster that is rejected is not told until the cluster is mended', async () => {
    const bad = server.publish({
      upsert: [cluster('v3', 0), endpoints('v3', models.v3.port), routes('model', { v3: 100 })],
      views: views(['v1', 'v2', 'v3']),
    });
    const rejected = await waitFor(() => server.acknowledgement(bad.sequence, bad.changed).rejected[0]);
    expect(rejected.key.name).toBe('v3');
    await traffic.until('v1');
    await followed({ upsert: [cluster('v3')] });
    await traffic.until('v3');
    expect(traffic.distinct).toEqual(['v1', 'v2', 'v3']);
  });

  test('a version that goes with its routes is removed after them, and no request is lost', async () => {
    await followed({ upsert: [routes('model', { v2: 100 })] });
    server.publish({
      upsert: [routes('model', { v2: 100 }, ['*'])],
      remove: [
        { typeUrl: TYPE_URL.cds, name: 'v1' },
        { typeUrl: TYPE_URL.eds, name: 'v1' },
      ],
      views: views(['v2']),
    });
    await waitFor(async () => !(await envoy.admin('/clusters')).includes('\nv1::') || undefined);
    await traffic.until('v2');
    expect(traffic.distinct).toEqual(['v1', 'v2', 'v3']);
  });

  test('its load is reported by endpoint', async () => {
    const load = await waitFor(() =>
      reports
        .flatMap((r) => r.clusters)
        .find((c) => c.cluster === 'v2' && (c.endpoints[0]?.successes ?? 0) > 0),
    );
    expect(load.endpoints[0]).toMatchObject({ address: '127.0.0.1', errors: 0 });
    // These Envoys do not say what they are.
    expect(reports.at(-1)).toMatchObject({ nodeId: `e2e-${protocol}`, role: 'proxyless', intervalMs: 200 });
  });

  test('the server comes back elsewhere in time with the same state: nothing changes for callers', async () => {
    const { port: xdsPort } = server;
    const kept = server.versions().flatMap((key) => server.resource(key) ?? []);
    await server.close();
    await traffic.until('v2');
    server = await serve(`127.0.0.1:${xdsPort}`);
    server.publish({ upsert: kept, views: views(['v2']) });
    await waitFor(() => server.streams().find((s) => s.converged && s.types.length === 4));
    await followed({ upsert: [endpoints('v2', models.v3.port)] });
    await traffic.until('v3');
    expect(traffic.distinct).toEqual(['v1', 'v2', 'v3']);
  });

  // By state of the world Envoy lets nothing expire that it did not ask for by name.
  if (protocol === 'delta') {
    test('a cluster with a time to live stays while heartbeats come, goes with them, and comes again', async () => {
      const kept = server.versions().flatMap((key) => server.resource(key) ?? []);
      await followed({ upsert: [cluster('v2', 3, TTL_MS)] });
      const outlived = performance.now() + 4 * TTL_MS;
      await waitFor(() => performance.now() > outlived || undefined);
      await traffic.until('v3');
      expect(traffic.distinct, 'answers while heartbeats come').toEqual(['v1', 'v2', 'v3']);
      const { port: xdsPort } = server;
      await server.close();
      await traffic.until('503 ');
      server = await serve(`127.0.0.1:${xdsPort}`);
      server.publish({ upsert: kept, views: views(['v2']) });
      await traffic.until('v3');
    });
  }
});
