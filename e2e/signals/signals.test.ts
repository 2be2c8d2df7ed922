import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { findTool } from '../../src/app/toolchain.ts';
import { modelServiceSchema } from '../../src/core/api/model-service.ts';
import type { VersionObservation } from '../../src/core/observation/observation.ts';
import { SignalObserver } from '../../src/signals/observer.ts';
import { PrometheusClient } from '../../src/signals/prometheus/client.ts';
import { startPrometheus } from '../../src/signals/prometheus/prometheus-fixture.ts';
import { serveXds } from '../../src/xds/xds-server.ts';
import { staticEnvoy } from './static-envoy.ts';
import { caller, HANG, serveStatuses } from './status-server.ts';

const service = modelServiceSchema.parse({
  apiVersion: 'penstock.dev/v1alpha1',
  kind: 'ModelService',
  metadata: { name: 'fraud' },
  spec: {
    port: 9000,
    versions: [{ name: 'v1', endpoints: { static: [{ address: '127.0.0.1', port: 1 }] } }],
  },
});

/** All that one observer has told of v1. */
class Account {
  readonly observer: SignalObserver;
  requests = 0;
  failures = 0;
  abandoned = 0;
  answered = 0;
  newest: VersionObservation | undefined;

  constructor(prometheus: PrometheusClient | undefined) {
    this.observer = new SignalObserver({ prometheus, pollMs: 200 });
    this.observer.watch([service], [], []);
  }

  look(): void {
    this.newest = this.observer.observe(service, Date.now()).versions.get('v1');
    const { requests, latencyMs } = this.newest ?? {};
    if (requests?.kind === 'value') {
      this.requests += requests.value.requests;
      this.failures += requests.value.failures;
      this.abandoned += requests.value.abandoned ?? 0;
    }
    if (latencyMs?.kind === 'value')
      this.answered += latencyMs.value.counts.reduce((sum, count) => sum + count, 0);
  }

  async lookUntil(done: () => boolean): Promise<void> {
    const step = () => {
      this.look();
      return done();
    };
    await vi.waitUntil(step, { timeout: 20_000, interval: 100 });
  }
}

const stops: (() => unknown)[] = [];
let byReports: Account;
let bySeries: Account;
let client: ReturnType<typeof caller>;

beforeAll(async () => {
  byReports = new Account(undefined);
  const xds = await serveXds({
    address: '127.0.0.1:0',
    nodes: { viewOf: () => 'none' },
    listener: { loadReport: (report) => byReports.observer.onLoadReport(report) },
  });
  const model = await serveStatuses();
  const cluster = 'default/fraud/v1';
  const envoy = await startEnvoy(staticEnvoy({ cluster, modelPort: model.port, loadReportPort: xds.port }));
  const prometheus = await startPrometheus({
    executable: findTool('prometheus').path,
    targets: [envoy.admin],
    metricsPath: '/stats/prometheus',
    scrapeInterval: '1s',
  });
  bySeries = new Account(new PrometheusClient({ url: `http://${prometheus.address}` }));
  client = caller(envoy.port);
  stops.push(
    client.stop,
    () => bySeries.observer.close(),
    prometheus.stop,
    envoy.stop,
    model.stop,
    () => xds.close(),
  );
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await byReports.observer.close();
});

test('both sources count every status of a real Envoy alike', async () => {
  const times = new Set<number>();
  await bySeries.lookUntil(() => {
    const requests = bySeries.newest?.requests;
    return requests?.kind === 'value' && times.add(requests.at).size >= 2;
  });
  await byReports.lookUntil(() => byReports.newest?.requests.kind === 'value');
  for (let status = 0; status <= 16; status++) expect(await client.call(status)).toBe(status);
  await byReports.lookUntil(() => byReports.requests >= 17);
  await bySeries.lookUntil(() => bySeries.requests >= 17 && bySeries.answered >= 17);
  expect(byReports).toMatchObject({ requests: 17, failures: 6, abandoned: 0 });
  expect(bySeries).toMatchObject({ requests: 17, failures: 6, answered: 17 });
  expect(bySeries.newest?.sources.requests).toBe(
    'Prometheus: envoy_cluster_grpc_*{envoy_cluster_name="default/fraud/v1"} of 1 target',
  );
});

test('calls that nobody waits for any more are told by load reports alone', async () => {
  const { requests, failures, abandoned } = byReports;
  const stop = new AbortController();
  const calls = Array.from({ length: 5 }, () => client.call(HANG, stop.signal));
  await byReports.lookUntil(() => {
    const inFlight = byReports.newest?.endpoints.find(({ address }) => !address.endsWith(':1'))?.inFlight;
    return inFlight?.kind === 'value' && inFlight.value === 5;
  });
  stop.abort();
  expect(await Promise.all(calls)).toEqual([1, 1, 1, 1, 1]);
  await byReports.lookUntil(() => byReports.abandoned >= abandoned + 5);
  expect(byReports).toMatchObject({ requests, failures, abandoned: abandoned + 5 });
});

interface Envoy {
  /** `HOST:PORT` */
  readonly admin: string;
  /** Of its listener. */
  readonly port: number;
  readonly stop: () => Promise<void>;
}

async function startEnvoy(bootstrap: unknown): Promise<Envoy> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-envoy-'));
  const [config, adminFile] = [join(folder, 'envoy.json'), join(folder, 'admin')];
  writeFileSync(config, JSON.stringify(bootstrap));
  const flags = [
    '-c',
    config,
    '--admin-address-path',
    adminFile,
    '--use-dynamic-base-id',
    '--concurrency',
    '1',
    '-l',
    'error',
  ];
  const child = spawn(findTool('envoy').path, flags, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true });
  };
  const read = (path: string) => fetch(`http://${readFileSync(adminFile, 'utf8')}${path}`);
  const port = await vi.waitFor(
    async () => {
      const listeners = (await (await read('/listeners?format=json')).json()) as {
        listener_statuses: { local_address: { socket_address: { port_value: number } } }[];
      };
      const found = listeners.listener_statuses[0]?.local_address.socket_address.port_value;
      if (found === undefined) throw new Error('no listener yet');
      return found;
    },
    { timeout: 20_000, interval: 100 },
  );
  return { admin: readFileSync(adminFile, 'utf8'), port, stop };
}
