import { createServer, type IncomingMessage, request as requestHttp, type Server } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Resource } from '../../src/core/delta/resource.ts';
import { TYPE_URL } from '../../src/core/delta/type-urls.ts';
import type { XdsServer } from '../../src/xds/contract.ts';
import { serveXds } from '../../src/xds/xds-server.ts';
import { configSource, type RunningEnvoy, startEnvoy, waitFor } from './envoy.ts';
import { LISTENERS, RUNTIME_LAYER, snapshot } from './snapshots.ts';

// What go-control-plane's own integration test (`pkg/test/main`) expects of a server and a real Envoy, in its modes
// ADS, xDS, DELTA-ADS and DELTA: that after each of several snapshots a round of requests succeeds on every listener.

const VIEW = 'all';
const SNAPSHOTS = ['v0', 'v1', 'v2'];
/** Without endpoints, a changed cluster would wait so long. */
const WARMING_MS = 15_000;

const MODES = [
  ['aggregated', 'sotw'],
  ['aggregated', 'delta'],
  ['separate', 'sotw'],
  ['separate', 'delta'],
] as const;

function ask(listener: string, port: number): Promise<{ status: number; version: string } | Error> {
  return new Promise((resolve) => {
    const target = { host: '127.0.0.1', port, headers: { 'x-scope': 'one' }, agent: false };
    const answered = (response: IncomingMessage) => {
      response.resume();
      const version = String(response.headers['x-version'] ?? '');
      response.on('end', () => resolve({ status: response.statusCode ?? 0, version }));
    };
    const asked = listener.startsWith('tls')
      ? requestHttps({ ...target, rejectUnauthorized: false }, answered)
      : requestHttp(target, answered);
    asked.on('error', resolve);
    asked.end();
  });
}

describe.each(MODES)('%s streams, %s', (streams, protocol) => {
  let upstream: Server;
  let server: XdsServer;
  let envoy: RunningEnvoy;
  const rejections: string[] = [];
  const source = configSource({ streams, protocol });
  const port = () => (upstream.address() as AddressInfo).port;

  /** Exactly these resources, all in view. */
  function publish(resources: readonly Resource[]): void {
    const names = (typeUrl: string) => resources.filter((r) => r.typeUrl === typeUrl).map(({ name }) => name);
    const views = [
      [
        VIEW,
        {
          [TYPE_URL.cds]: names(TYPE_URL.cds),
          [TYPE_URL.lds]: names(TYPE_URL.lds),
          [TYPE_URL.srds]: names(TYPE_URL.srds),
        },
      ],
    ] as const;
    server.publish({ ...server.changeTo(resources), views });
  }

  async function ports(): Promise<Map<string, number>> {
    const { listener_statuses: all = [] } = JSON.parse(await envoy.admin('/listeners?format=json'));
    type Status = { name: string; local_address: { socket_address: { port_value: number } } };
    return new Map(
      (all as Status[]).map(({ name, local_address: { socket_address: address } }) => [
        name,
        address.port_value,
      ]),
    );
  }

  beforeAll(async () => {
    upstream = createServer((_, response) => response.end('echo'));
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    server = await serveXds({
      address: '127.0.0.1:0',
      nodes: { viewOf: () => VIEW },
      listener: { rejected: ({ rejection }) => rejections.push(rejection.message) },
    });
    const named = { nodeId: `snapshots-${streams}-${protocol}`, xdsPort: server.port };
    publish(snapshot('v0', port(), source));
    envoy = await startEnvoy({ ...named, protocol, streams, runtimeLayer: RUNTIME_LAYER });
  });

  afterAll(async () => {
    await envoy?.stop();
    await server?.close();
    upstream?.close();
  });

  test.each(SNAPSHOTS)(
    'snapshot %s: every listener answers, with what is of this snapshot',
    async (version) => {
      publish(snapshot(version, port(), source));
      await waitFor(async () => {
        const known = await ports();
        const answers = await Promise.all(LISTENERS.map((name) => ask(name, known.get(name) ?? 0)));
        const isRight = answers.every(
          (answer, i) =>
            !(answer instanceof Error) &&
            answer.status === 200 &&
            (answer.version === version || LISTENERS[i]?.startsWith('tcp')),
        );
        return isRight || undefined;
      });
      await waitFor(async () => (await envoy.admin('/runtime')).includes(`"${version}"`) || undefined);
      await waitFor(async () => {
        const clusters = await envoy.admin('/clusters');
        const others = SNAPSHOTS.filter((each) => each !== version);
        return (
          (clusters.includes(`cluster-${version}-0`) &&
            !others.some((each) => clusters.includes(`cluster-${each}-`))) ||
          undefined
        );
      });
      expect(rejections).toEqual([]);
    },
  );

  test('a changed cluster has its endpoints at once, and does not wait for them', async () => {
    const last = SNAPSHOTS.at(-1) ?? '';
    const startedAt = performance.now();
    publish(snapshot(last, port(), source, '7s'));
    await waitFor(async () => {
      const { configs = [] } = JSON.parse(await envoy.admin('/config_dump?resource=dynamic_active_clusters'));
      type Active = { cluster: { connect_timeout: string } };
      const all = configs as Active[];
      return (all.length === 4 && all.every(({ cluster }) => cluster.connect_timeout === '7s')) || undefined;
    });
    expect(performance.now() - startedAt).toBeLessThan(WARMING_MS / 3);
    const known = await ports();
    for (const name of LISTENERS)
      expect(await ask(name, known.get(name) ?? 0)).toMatchObject({ status: 200 });
  });
});
