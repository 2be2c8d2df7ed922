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
import { Receiver } from '../src/notify/receiver-fixture.ts';
import { penstock, Serve, temporaryFolder } from './penstock-process.ts';

/** Of the second version of both services. */
const SLOW_MS = 150;
/** In the words of whatever trains models. */
const ORDER = '{"train": "{{service}}", "because": "{{reason}}", "evidence": "{{message}}"}';

const folder = temporaryFolder();
const models: Server[] = [];
const stops: (() => Promise<unknown>)[] = [];
const trainer = new Receiver();
let serve: Serve;
let port = 0;

async function model(afterMs: number): Promise<number> {
  const server = createServer((_, response) => setTimeout(() => response.end('ok'), afterMs));
  models.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const specs = (name: string, ports: readonly [number, number], metric: string, webhooks: string) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: ${name}}
spec:
  hosts: [${name}.test]
  port: 9000
  protocol: http
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${ports[0]}}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: ${ports[1]}}]}}
  defaultVersion: v1
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: ${name}-v2}
spec:
  targetRef: {kind: ModelService, name: ${name}}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 50}, {pause: {duration: 1h}}, {setWeight: 100}]}
  analysis:
    interval: 1s
    warmUp: 0s
    metrics: [{name: p95, type: Latency, quantile: 0.95, thresholdRange: {max: 80ms}${metric}}]
    webhooks: [${webhooks}]
  rollback: {to: stable}
---
`;

/** The version that answered. */
function ask(service: string): Promise<unknown> {
  return new Promise((resolve) => {
    const headers = { host: `${service}.test:9000` };
    const asked = request({ host: '127.0.0.1', port, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.headers['x-penstock-version']));
    });
    asked.on('error', () => resolve(undefined));
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
  const ports = [await model(0), await model(SLOW_MS)] as const;
  const hook = `{type: on-event, minimumSeverity: warning, template: '${ORDER}', url: '${await trainer.listen()}/runs'}`;
  stops.push(() => trainer.close());
  const texts = [specs('fraud', ports, '', hook), specs('ranker', ports, ', onBreach: {setWeight: 30}', '')];
  writeFileSync(file, texts.join(''));
  serve = await Serve.start(['-f', file]);
  stops.push(() => serve.stop());
  await startSidecar();
  await waitUntil('the sidecar follows', async () => {
    const [sidecar] = await serve.api<readonly SidecarStatus[]>('sidecars');
    return sidecar?.converged === true;
  });
  let running = true;
  const traffic = ['fraud', 'ranker'].flatMap((service) =>
    Array.from({ length: 8 }, async () => {
      while (running) await ask(service);
    }),
  );
  stops.push(() => {
    running = false;
    return Promise.all(traffic);
  });
});

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
  for (const server of models) server.close();
  folder.remove();
});

/** The rollout of a service, once its candidate has this weight. */
function rolloutAt(service: string, weight: number): Promise<RolloutStatus> {
  return waitUntil(
    `${service} has ${weight} on its candidate`,
    async () => {
      const rollouts = await serve.api<readonly RolloutStatus[]>('rollouts');
      return rollouts.find((each) => each.service === service && each.weight === weight);
    },
    { timeoutMs: 60_000 },
  );
}

it('a gate on latency acts by what a sidecar pushes, without a Prometheus', async () => {
  const rolledBack = await rolloutAt('fraud', 0);
  expect(rolledBack.phase).toMatch(/rolled|rolling/i);
  const decisions = JSON.stringify(await serve.api<readonly DecisionRecord[]>('decisions?limit=100'));
  expect(decisions).toContain('latencies pushed by 1 sidecar');
  const metrics = await (await fetch(`${serve.adminUrl}/metrics`)).text();
  const p95 =
    /penstock_pushed_latency_seconds{service="default\/fraud",version="v2",quantile="0.95"} ([\d.]+)/;
  // Of the bucket in which it lies, 100 to 200 ms.
  expect(Number(p95.exec(metrics)?.[1] ?? 0)).toBeGreaterThan(0.1);
});

it('a rollback is told to whatever trains the model anew, with its evidence', async () => {
  const orders = await waitUntil('it was told', () => {
    const bodies = trainer.received.map(({ body }) => JSON.parse(body));
    return bodies.some(({ because }) => because === 'GateBreached') ? bodies : undefined;
  });
  const order = orders.find(({ because }) => because === 'GateBreached');
  expect(order).toMatchObject({ train: 'default/fraud' });
  expect(order.evidence).toMatch(/p95: candidate \d+ of \d+ slower than 80 ms/);
});

it('a gate that pulls back leaves the candidate its smaller share, and the rest to stable', async () => {
  expect((await rolloutAt('ranker', 3000)).phase).not.toMatch(/roll/i);
  const answered = await Promise.all(Array.from({ length: 300 }, () => ask('ranker')));
  const candidates = answered.filter((version) => version === 'v2').length;
  expect(Math.abs(candidates - 90)).toBeLessThan(45);
});
