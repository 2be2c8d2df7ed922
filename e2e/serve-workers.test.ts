import { readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SidecarStatus } from '../src/core/status/status.ts';
import { nodeMetadata } from '../src/core/translate/node-metadata.ts';
import { freePorts } from '../src/demo/free-port.ts';
import { waitUntil } from '../src/demo/wait-until.ts';
import { replaceFile, Serve, temporaryFolder } from './penstock-process.ts';
import { type Release, type RunningEnvoy, startEnvoy } from './xds/envoy.ts';

const SIDECARS: readonly (readonly [id: string, 'delta' | 'sotw', Release])[] = [
  ['a', 'delta', 'newest'],
  ['b', 'sotw', 'newest'],
  ['c', 'delta', 'oldest'],
  ['d', 'sotw', 'oldest'],
];

const folder = temporaryFolder();
const file = join(folder.path, 'specs.yaml');
const envoys: RunningEnvoy[] = [];
const ports: number[] = [];
const models: Server[] = [];
let serve: Serve;

async function model(answer: string): Promise<number> {
  const server = createServer((_, response) => response.end(answer));
  models.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const specs = (v1: number, v2: number, defaultVersion: string) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud, namespace: default}
spec:
  hosts: [fraud.test]
  port: 9000
  protocol: http
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${v1}}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: ${v2}}]}}
  defaultVersion: ${defaultVersion}
`;

/** What a sidecar answers: `STATUS BODY`, or why it did not. */
function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, headers: { host: 'fraud.test:9000' } }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(`${response.statusCode} ${body}`));
    });
    asked.on('error', (error) => resolve(error.message));
    asked.end();
  });
}

const sidecars = () => serve.api<readonly SidecarStatus[]>('sidecars');
const allFollow = () =>
  waitUntil('all sidecars follow', async () => {
    const all = await sidecars();
    return (
      all.length === SIDECARS.length && all.every(({ converged, loadReportAt }) => converged && loadReportAt)
    );
  });
const metric = async (line: RegExp) =>
  line.exec(await (await fetch(`${serve.adminUrl}/metrics`)).text())?.[1];

/** The processes that the control plane has started. */
function workers(): number[] {
  const pid = serve.log.find(({ msg }) => msg === 'serving')?.pid;
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

beforeAll(async () => {
  const [v1, v2] = [await model('v1'), await model('v2')];
  replaceFile(file, specs(v1, v2, 'v1'));
  serve = await Serve.start(['-f', file, '--xds-workers', '2', '--load-report-interval', '200ms']);
  ports.push(...(await freePorts(SIDECARS.length)));
  for (const [i, [nodeId, protocol, release]] of SIDECARS.entries()) {
    const metadata = nodeMetadata({ kind: 'outbound', address: '127.0.0.1', port: ports[i] ?? 0 });
    envoys.push(await startEnvoy({ nodeId, xdsPort: serve.xdsPort, protocol, metadata, release }));
  }
  await allFollow();
});

afterAll(async () => {
  for (const envoy of envoys) await envoy.stop();
  await serve?.stop();
  for (const server of models) server.close();
  folder.remove();
});

it('serves Envoys from two workers, and shows them as one', async () => {
  expect(workers()).toHaveLength(2);
  for (const port of ports) expect(await ask(port)).toBe('200 v1');
  for (const worker of [0, 1]) {
    const connections = await metric(
      new RegExp(`^penstock_xds_worker_connections{worker="${worker}"} (\\d+)`, 'm'),
    );
    expect(Number(connections)).toBeGreaterThanOrEqual(2);
  }
  expect(Number(await metric(/^penstock_xds_streams{protocol="delta"} (\d+)/m))).toBe(2);
  expect(Number(await metric(/^penstock_xds_streams{protocol="sotw"} (\d+)/m))).toBe(2);
  expect((await sidecars()).map(({ id }) => id).sort()).toEqual(['a', 'b', 'c', 'd']);
});

it('outlives a worker: no request fails, every sidecar comes back and has what was changed meanwhile', async () => {
  const answers = new Set<string>();
  let running = true;
  const traffic = ports.map(async (port) => {
    while (running) answers.add(await ask(port));
  });
  const [first = 0, ...others] = workers();
  process.kill(first, 'SIGKILL');
  replaceFile(file, readFileSync(file, 'utf8').replace('defaultVersion: v1', 'defaultVersion: v2'));
  for (const port of ports) await waitUntil('it is told', async () => (await ask(port)) === '200 v2');
  await waitUntil('another worker', () => workers().length === 2);
  await allFollow();
  const seen = new Map((await sidecars()).map(({ id, loadReportAt }) => [id, loadReportAt ?? 0]));
  await waitUntil('all report their load', async () =>
    (await sidecars()).every(({ id, loadReportAt }) => (loadReportAt ?? 0) > (seen.get(id) ?? 0)),
  );
  running = false;
  await Promise.all(traffic);
  expect([...answers].sort()).toEqual(['200 v1', '200 v2']);
  expect(workers()).toEqual(expect.arrayContaining(others));
  expect(
    serve.log.some(({ msg, pid }) => msg.includes('worker of the xDS server ended') && pid === first),
  ).toBe(true);
  expect(
    Number(await metric(/^penstock_xds_streams_closed_total{protocol="\w+",reason="workerLost"} (\d+)/m)),
  ).toBeGreaterThan(0);
});
