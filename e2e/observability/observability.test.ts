import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findTool } from '../../src/app/toolchain.ts';
import type { DecisionRecord } from '../../src/core/status/status.ts';
import { MailServer } from '../../src/notify/mail-fixture.ts';
import { Receiver } from '../../src/notify/receiver-fixture.ts';
import { startPrometheus } from '../../src/signals/prometheus/prometheus-fixture.ts';
import { alertRulesText } from '../../tools/observability/alert-rules.ts';
import { DASHBOARDS } from '../../tools/observability/dashboards.ts';
import { startServerProcess } from '../model-server/server-process.ts';
import { Penstock } from '../rollout/penstock.ts';
import { Caller } from '../translate/caller.ts';
import { freePort, until } from '../translate/mesh.ts';
import { callOften, seriesOf, startClientEnvoy } from './live-system.ts';

process.env.PENSTOCK_E2E_KEY = 'k3y';
const AUTHORITY = 'digits.default.svc.cluster.local:9000';

const specs = (modelPorts: readonly number[], web: string, smtp: string) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: digits}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${modelPorts[0]}}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: ${modelPorts[1]}}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: digits-v2}
spec:
  targetRef: {name: digits}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 50}, {pause: {}}, {setWeight: 100}]}
  analysis:
    warmUp: 0s
    metrics: [{name: errors, type: ErrorRate, maxRatio: 2}]
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: digits}
spec:
  targetRef: {name: digits}
  breaker: {requestVolumeThreshold: 20, errorThresholdPercent: 50, window: 5s, sleepWindow: 10m}
  webhooks:
  - {url: '${web}/generic', secret: {env: PENSTOCK_E2E_KEY}, minimumSeverity: critical}
  - {url: '${web}/slack', format: slack, minimumSeverity: critical}
  - {url: '${web}/teams', format: teams, minimumSeverity: critical}
  - {url: '${web}/dingtalk', format: dingtalk, secret: {env: PENSTOCK_E2E_KEY}, minimumSeverity: critical}
  - {url: '${web}/wecom', format: wecom, minimumSeverity: critical}
  - {url: '${web}/pagerduty', format: pagerduty, secret: {env: PENSTOCK_E2E_KEY}, minimumSeverity: critical}
  - {url: '${smtp}', format: email, mail: {from: a@example.com, to: [b@example.com]}, minimumSeverity: critical}
`;

const running = new AsyncDisposableStack();
const receiver = new Receiver();
const mailServer = new MailServer();
const receivedAt = new Map<string, number>();
let admin: string;
let prometheus: string;
let outbound: number;
let stopCalls = () => {};

beforeAll(async () => {
  receiver.reply = ({ path }) => {
    receivedAt.set(path.replace(/\?.*/, ''), Date.now());
    return { status: 200, body: '{"errcode":0}' };
  };
  const [web, smtp] = [await receiver.listen(), await mailServer.listen()];
  running.defer(() => receiver.close());
  running.defer(() => mailServer.close());
  const models = await Promise.all(
    ['digits:v1', 'digits:v2'].map((model) => startServerProcess('--grpc-port', '0', '--model', model)),
  );
  for (const model of models) running.use(model);
  const [adminPort, envoyAdmin] = [await freePort(), await freePort()];
  outbound = await freePort();
  const started = await startPrometheus({
    executable: findTool('prometheus').path,
    targets: [adminPort, ...models.map(({ httpPort }) => httpPort)].map((port) => `127.0.0.1:${port}`),
    also: [{ targets: [`127.0.0.1:${envoyAdmin}`], metricsPath: '/stats/prometheus' }],
    files: { 'alerts.yaml': alertRulesText() },
    rules: ['alerts.yaml'],
    scrapeInterval: '1s',
  });
  running.defer(() => started.stop());
  prometheus = started.address;
  // Prometheus has to know beforehand where Penstock's metrics will be.
  admin = `http://127.0.0.1:${adminPort}`;
  const options = ['--admin-address', `127.0.0.1:${adminPort}`, '--prometheus', `http://${prometheus}`];
  const ports = models.map(({ grpcPort }) => grpcPort);
  const penstock = await Penstock.start(specs(ports, web, smtp), ...options);
  running.defer(() => penstock.stop());
  running.defer(await startClientEnvoy({ xds: penstock.xdsPort, outbound, admin: envoyAdmin }));
  stopCalls = callOften(outbound, AUTHORITY, 'digits');
  running.defer(() => stopCalls());
});
afterAll(() => running.disposeAsync());

describe.each([...DASHBOARDS])('%s', (_, { panels }) => {
  // The GPU's are there only where there is one.
  const shown = panels.filter(({ title }) => title !== 'GPU');
  test.each(shown.map(({ title, queries }) => [title, queries] as const))(
    '%s has data',
    async (_, queries) => {
      for (const { expr } of queries) {
        const asked = expr.replaceAll('$__rate_interval', '15s').replaceAll(/\$\w+/g, '.+');
        await until(`data for ${asked}`, async () => (await seriesOf(prometheus, asked)) > 0, 60_000);
      }
    },
  );
});

test('the committed rules are those that were loaded', () => {
  const committed = readFileSync(new URL('../../manifests/prometheus/alerts.yaml', import.meta.url), 'utf8');
  expect(committed).toBe(alertRulesText());
});

test('a trip reaches every format once, within 2 s, and its alert fires', async () => {
  stopCalls();
  const caller = new Caller(outbound);
  const trip = async () =>
    (await decisions()).find(
      ({ subject, change }) => subject === 'Breaker/default/digits' && change?.after === 'OPEN',
    );
  // The model server has no such method: UNIMPLEMENTED is a failure.
  await until('the breaker opens', async () => {
    await caller.calls(25, AUTHORITY);
    return (await trip()) !== undefined;
  });
  caller.close();
  const { at: openedAt = 0, message = '' } = (await trip()) ?? {};
  await until('every format is told', () => receivedAt.size === 6 && mailServer.letters.length > 0);
  for (const [path, at] of receivedAt) expect(at - openedAt, path).toBeLessThan(2_000);
  await until(
    'the alert fires',
    async () =>
      (await seriesOf(prometheus, 'ALERTS{alertname="CircuitBreakerOpen",alertstate="firing"}')) > 0,
  );
  const figures = message.slice(0, message.indexOf(' ('));
  const told = receiver.received.filter(({ body }) => body.includes(figures));
  expect(told.map(({ path }) => path.replace(/\?.*/, '')).sort()).toEqual([...receivedAt.keys()].sort());
  expect(mailServer.letters.filter(({ content }) => content.includes(figures))).toHaveLength(1);
});

async function decisions(): Promise<readonly DecisionRecord[]> {
  return (await (await fetch(`${admin}/api/v1/decisions`)).json()) as readonly DecisionRecord[];
}
