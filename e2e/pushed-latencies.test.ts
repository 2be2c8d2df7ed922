import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findTool } from '../src/app/toolchain.ts';
import type { DecisionRecord, RolloutStatus, SidecarStatus } from '../src/core/status/status.ts';
import { freePorts } from '../src/demo/free-port.ts';
import { waitUntil } from '../src/demo/wait-until.ts';
import { penstock, Serve, temporaryFolder } from './penstock-process.ts';

const SLOW_MS = 150;

const folder = temporaryFolder();
const models: Server[] = [];
const stops: (() => Promise<unknown>)[] = [];
let serve: Serve;
let port = 0;

async function model(afterMs: number): Promise<number> {
  const server = createServer((_, response) => setTimeout(() => response.end('ok'), afterMs));
  models.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const specs = (v1: number, v2: number) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  hosts: [fraud.test]
  port: 9000
  protocol: http
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${v1}}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: ${v2}}]}}
  defaultVersion: v1
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {kind: ModelService, name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 50}, {pause: {duration: 1h}}, {setWeight: 100}]}
  analysis:
    interval: 1s
    warmUp: 0s
    metrics: [{name: p95, type: Latency, quantile: 0.95, thresholdRange: {max: 80ms}}]
  rollback: {to: stable}
`;

function ask(): Promise<void> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, headers: { host: 'fraud.test:9000' } }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    asked.on('error', () => resolve());
    asked.end();
  });
}

/** An Envoy from what `penstock bootstrap` prints. */
async function startSidecar(): Promise<void> {
  const [listen = 0, admin = 0] = await freePorts(2);
  port = listen;
  const options = ['--port', `${port}`, '--xds', serve.xdsAddress, '--envoy-admin-port', `${admin}`];
  const { stdout } = await penstock(['bootstrap', ...options, '--push-latencies']);
  const file = join(folder.path, 'envoy.yaml');
  writeFileSync(file, stdout);
  const args = ['-c', file, '--use-dynamic-base-id', '--concurrency', '1', '-l', 'error'];
  const child = spawn(findTool('envoy').path, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  stops.push(() => {
    child.kill('SIGTERM');
    return ended;
  });
}

beforeAll(async () => {
  const file = join(folder.path, 'specs.yaml');
  writeFileSync(file, specs(await model(0), await model(SLOW_MS)));
  serve = await Serve.start(['-f', file]);
  stops.push(() => serve.stop());
  await startSidecar();
  await waitUntil('the sidecar follows', async () => {
    const [sidecar] = await serve.api<readonly SidecarStatus[]>('sidecars');
    return sidecar?.converged === true;
  });
});

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
  for (const server of models) server.close();
  folder.remove();
});

it('a gate on latency acts by what a sidecar pushes, without a Prometheus', async () => {
  let running = true;
  const traffic = Array.from({ length: 8 }, async () => {
    while (running) await ask();
  });
  const rolledBack = await waitUntil(
    'the slow version is out',
    async () => {
      const [rollout] = await serve.api<readonly RolloutStatus[]>('rollouts');
      return rollout?.weight === 0 ? rollout : undefined;
    },
    { timeoutMs: 60_000 },
  );
  running = false;
  await Promise.all(traffic);
  expect(rolledBack.phase).toMatch(/rolled/i);
  const decisions = JSON.stringify(await serve.api<readonly DecisionRecord[]>('decisions?limit=100'));
  expect(decisions).toContain('latencies pushed by 1 sidecar');
  const metrics = await (await fetch(`${serve.adminUrl}/metrics`)).text();
  const p95 =
    /penstock_pushed_latency_seconds{service="default\/fraud",version="v2",quantile="0.95"} ([\d.]+)/;
  // Of the bucket in which it lies, 100 to 200 ms.
  expect(Number(p95.exec(metrics)?.[1] ?? 0)).toBeGreaterThan(0.1);
});
