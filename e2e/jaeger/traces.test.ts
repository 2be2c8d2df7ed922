import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findTool } from '../../src/app/toolchain.ts';
import { startChild } from '../../src/demo/child.ts';
import { connectModel, floats } from '../../src/model-server/client.ts';
import { startServerProcess } from '../model-server/server-process.ts';
import { Penstock } from '../rollout/penstock.ts';
import { freePort, until } from '../translate/mesh.ts';
import { Jaeger, type SeenSpan } from './jaeger.ts';

const MAIN = fileURLToPath(new URL('../../cmd/penstock/main.ts', import.meta.url));
const AUTHORITY = 'digits.default.svc.cluster.local:9000';
const SOON_MS = 60_000;

const specs = ([v1, v2]: readonly number[]) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: digits}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${v1}}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: ${v2}}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: digits-v2}
spec:
  targetRef: {name: digits}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 0}, {pause: {}}, {setWeight: 100}]}
  analysis: {warmUp: 0s, onNoData: Ignore, metrics: [{name: errors, type: ErrorRate, maxRatio: 2}]}
`;

const folder = mkdtempSync(join(tmpdir(), 'penstock-traces-'));
const running = new AsyncDisposableStack();
let jaeger: Jaeger;
let penstock: Penstock;
let outbound: number;

/** A sidecar as people start it, with its access log in a file. */
async function startSidecar(name: string, ...flags: readonly string[]): Promise<void> {
  const admin = await freePort();
  const file = join(folder, `${name}.yaml`);
  const observed = ['--access-log', '--otlp-endpoint', jaeger.collector, '--traced', '100'];
  const common = ['--xds', `127.0.0.1:${penstock.xdsPort}`, '--envoy-admin-port', `${admin}`, ...observed];
  writeFileSync(file, execFileSync(process.execPath, [MAIN, 'bootstrap', ...flags, ...common]));
  const envoy = startChild({
    name,
    command: findTool('envoy').path,
    args: ['-c', file, '--use-dynamic-base-id', '--concurrency', '1', '-l', 'error'],
    logFile: join(folder, `${name}.log`),
  });
  running.defer(() => envoy.kill());
  await until(`${name} is ready`, async () => {
    const answer = await fetch(`http://127.0.0.1:${admin}/ready`).catch(() => undefined);
    return answer?.ok === true;
  });
}

beforeAll(async () => {
  running.defer(() => rmSync(folder, { recursive: true, force: true }));
  jaeger = running.use(await Jaeger.start());
  const otlp = ['--otlp-endpoint', jaeger.collector];
  const model = running.use(await startServerProcess('--grpc-port', '0', '--model', 'digits:v1', ...otlp));
  const inbound = await freePort();
  outbound = await freePort();
  // Nobody serves v2: what is looked at is the decision to give it traffic, and its way.
  penstock = await Penstock.start(specs([inbound, await freePort()]), ...otlp);
  running.defer(() => penstock.stop());
  const server = ['--address', '127.0.0.1', '--port', `${inbound}`, '--app-port', `${model.grpcPort}`];
  await startSidecar('inbound', '--service', 'digits', '--version', 'v1', ...server);
  await startSidecar('outbound', '--port', `${outbound}`);
});
afterAll(() => running.disposeAsync());

/** The span of a service in a trace. */
const of = (spans: readonly SeenSpan[], service: string, operation = /./) =>
  spans.find((span) => span.service === service && operation.test(span.operation));

test('a call is one trace, through both sidecars into the model server, and each span has the version', async () => {
  const client = connectModel(`127.0.0.1:${outbound}`, { 'grpc.default_authority': AUTHORITY });
  const image = floats('image', [1, 64], new Array<number>(64).fill(3));
  running.defer(() => client.close());
  let whole: readonly SeenSpan[] | undefined;
  await until(
    'Jaeger has a whole trace',
    async () => {
      await client.infer({ model: 'digits', inputs: [image], timeoutMs: 5_000 }).catch(() => {});
      const traces = await jaeger.traces('callers');
      whole = traces.find((spans) => new Set(spans.map(({ service }) => service)).size === 3);
      return whole !== undefined;
    },
    SOON_MS,
  );
  const spans = whole ?? [];
  const caller = of(spans, 'callers');
  const sidecar = of(spans, 'default/digits');
  const model = of(spans, 'penstock-model-server', /ModelInfer$/);
  expect(caller?.parentId).toBeUndefined();
  expect(sidecar?.parentId).toBe(caller?.spanId);
  expect(model?.parentId).toBe(sidecar?.spanId);
  expect(caller?.tags).toMatchObject({ 'penstock.service': 'default/digits', 'penstock.version': 'v1' });
  expect(sidecar?.tags).toMatchObject({ 'penstock.service': 'default/digits', 'penstock.version': 'v1' });
  expect(model?.tags).toMatchObject({ 'model.name': 'digits', 'model.version': 'v1' });
  for (const part of ['queue', 'compute'])
    expect(of(spans, 'penstock-model-server', new RegExp(`^${part}$`))?.parentId).toBe(model?.spanId);
  // The access logs lead from a line to its trace.
  for (const name of ['inbound', 'outbound']) {
    await until(
      `the log of ${name} has the call`,
      () => loggedWith(name, caller?.traceId ?? '') !== undefined,
    );
    expect(loggedWith(name, caller?.traceId ?? '')).toMatchObject({
      service: 'default/digits',
      version: 'v1',
    });
  }
});

function loggedWith(name: string, traceId: string): unknown {
  const lines = readFileSync(join(folder, `${name}.log`), 'utf8').split('\n');
  const line = lines.find((each) => each.includes(traceId));
  return line === undefined ? undefined : JSON.parse(line);
}

test('a decision and its push to the sidecars are one trace', async () => {
  expect(await penstock.run('promote', 'digits-v2')).toMatchObject({ code: 0 });
  let found: readonly SeenSpan[] | undefined;
  await until(
    'Jaeger has a decision with its push',
    async () => {
      found = (await jaeger.traces('penstock')).find(
        (spans) => of(spans, 'penstock', /^push$/) !== undefined,
      );
      return found !== undefined;
    },
    SOON_MS,
  );
  const decision = of(found ?? [], 'penstock', /^decide /);
  const push = of(found ?? [], 'penstock', /^push$/);
  expect(decision?.tags).toMatchObject({ 'penstock.service': 'default/digits' });
  expect(push?.parentId).toBe(decision?.spanId);
  expect(push?.tags['penstock.acknowledged']).toMatch(/^(\d+)\/\1$/);
});
