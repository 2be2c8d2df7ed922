import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServiceStatus } from '../../src/core/status/status.ts';
import { nodeMetadata } from '../../src/core/translate/node-metadata.ts';
import { freePort } from '../translate/mesh.ts';
import { type RunningEnvoy, startEnvoy } from '../xds/envoy.ts';
import { Penstock } from './penstock.ts';

const version = (name: string, i: number) =>
  `{name: ${name}, endpoints: {static: [{address: 127.0.0.1, port: ${9101 + i}}]}}`;
const specs = (rollout: string, stable: string, candidate: string) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  defaultVersion: v1
  versions: [${['v1', 'v2', 'v3'].map(version).join(', ')}]
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: ${rollout}}
spec:
  targetRef: {name: fraud}
  stable: ${stable}
  candidate: ${candidate}
  strategy: {steps: [{setWeight: 5}, {pause: {}}, {setWeight: 100}]}
  retention: 0s
  analysis: {interval: 200ms, warmUp: 0s}
`;

let penstock: Penstock;
let envoy: RunningEnvoy;

beforeAll(async () => {
  penstock = await Penstock.start(specs('fraud', 'v1', 'v2'));
  const node = { kind: 'outbound', address: '127.0.0.1', port: await freePort() } as const;
  const options = { nodeId: 'client', xdsPort: penstock.xdsPort, protocol: 'delta' } as const;
  envoy = await startEnvoy({ ...options, metadata: nodeMetadata(node) });
});
afterAll(async () => {
  await envoy?.stop();
  await penstock?.stop();
});

test('a pause without an end is 4 for who waits, and where it stands is told on stderr', async () => {
  const waited = await penstock.run('wait', 'fraud', '--timeout', '3s');
  expect(waited).toMatchObject({ code: 4, stdout: '' });
  expect(waited.stderr).toContain(
    'fraud: Progressing at 5 %: step 1 of 2: weight 5 %, until someone promotes',
  );
});

test('a promotion lets it end as asked: 0, and the rollout as JSON', async () => {
  expect(await penstock.run('promote', 'fraud')).toMatchObject({ code: 0, stdout: '' });
  const waited = await penstock.run('wait', 'fraud', '--timeout', '30s', '-o', 'json');
  expect(waited.code).toBe(0);
  expect(JSON.parse(waited.stdout)).toMatchObject({ phase: 'Completed', candidate: 'v2', weight: 10_000 });
  expect(await penstock.run('promote', 'fraud')).toMatchObject({ code: 1 });
  const { stdout } = await penstock.run('get', 'services', '-o', 'json');
  const [service] = JSON.parse(stdout) as readonly ServiceStatus[];
  expect(service?.versions.toSorted((a, b) => b.weight - a.weight)[0]?.name).toBe('v2');
});

test('who waits for a candidate is not content with an older one, nor with its rollback', async () => {
  const waiting = penstock.run('wait', 'fraud', '--candidate', 'v3', '--timeout', '60s');
  penstock.edit(specs('fraud', 'v2', 'v3'));
  const paused = await penstock.run('wait', 'fraud', '--candidate', 'v3', '--timeout', '3s');
  expect(paused.code).toBe(4);
  expect(await penstock.run('abort', 'fraud')).toMatchObject({ code: 0 });
  const { code, stderr } = await waiting;
  expect(code).toBe(3);
  expect(stderr).toMatch(/ended otherwise; RolledBack/);
  expect(await penstock.run('wait', 'fraud', '--for', 'rolled-back')).toMatchObject({ code: 0 });
});

test('a rollout that was written a moment ago is waited for; one that nobody wrote is a mistake', async () => {
  const waiting = penstock.run('wait', 'fraud-v3', '--timeout', '3s');
  penstock.edit(specs('fraud-v3', 'v2', 'v3'));
  expect((await waiting).code).toBe(4);
  const nobody = await penstock.run('wait', 'nobody', '--timeout', '30s');
  expect(nobody.code).toBe(1);
  expect(nobody.stderr).toContain('nobody: no such rollout');
});
