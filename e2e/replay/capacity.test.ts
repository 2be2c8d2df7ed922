import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../src/app/toolchain.ts';
import { type PrometheusProcess, startPrometheus } from '../../src/signals/prometheus/prometheus-fixture.ts';
import { penstock } from '../penstock-process.ts';
import { writePast } from './recorded-past.ts';

const PAST_S = Date.UTC(2026, 0, 15, 12) / 1000;
const LENGTH_S = 900;

const SPECS = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec: {port: 9000, versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: 9101}]}}]}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, scaling: {requestsPerSecondPerReplica: 150}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: idle}
spec: {port: 9001, versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: 9102}]}}]}
`;

let folder: string;
let prometheus: PrometheusProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-capacity-'));
  writeFileSync(join(folder, 'specs.yaml'), SPECS);
  // Usually 100 requests/s of 20 ms, so that two are worked on at a time; for five minutes 600 of 50 ms.
  writePast(folder, PAST_S, LENGTH_S, {
    v1: (second) =>
      second >= 400 && second < 700
        ? { requests: 600, failures: 0, latencyMs: 50 }
        : { requests: 100, failures: 0, latencyMs: 20 },
  });
  prometheus = await startPrometheus({
    executable: findTool('prometheus').path,
    targets: [],
    data: join(folder, 'data'),
    arguments: ['--storage.tsdb.retention.time=100y'],
  });
});
afterAll(async () => {
  await prometheus?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function capacity(...options: readonly string[]) {
  return penstock([
    ...['capacity', '-f', join(folder, 'specs.yaml'), '--prometheus', `http://${prometheus.address}`],
    ...['--from', String(PAST_S), '--to', String(PAST_S + LENGTH_S), ...options],
  ]);
}

describe('penstock capacity on what a real Prometheus recorded', () => {
  it('sizes a service by its peak, with what one instance held while answers were fast', async () => {
    const { services } = JSON.parse((await capacity('-o', 'json')).stdout);
    const [fraud, idle] = services;
    expect(fraud).toMatchObject({
      service: 'default/fraud',
      measuredBy: "callers' sidecars",
      policyPerReplica: 150,
    });
    expect(fraud.outcome.peakPerSecond).toBeCloseTo(600, 0);
    expect(fraud.outcome.latencyMs).toBeCloseTo(50, 0);
    expect(fraud.outcome.concurrency).toBeCloseTo(2, 1);
    expect(fraud.outcome.instances).toBe(15);
    expect(idle).toMatchObject({
      service: 'default/idle',
      outcome: { missing: 'no requests were measured' },
    });
  });

  it('takes a concurrency that is given', async () => {
    const { services } = JSON.parse((await capacity('-o', 'json', '--concurrency', '8')).stdout);
    expect(services[0].outcome).toMatchObject({ concurrencyFrom: 'given', concurrency: 8, instances: 4 });
  });

  it('is a table for people', async () => {
    const { stdout, code } = await capacity();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^SERVICE +INSTANCES +PEAK\/S .*\ndefault\/fraud +15 +600\.0 /);
    expect(stdout).toMatch(/default\/idle +- .*no requests were measured/);
  });

  it('says which option is wrong', async () => {
    expect(await capacity('--concurrency', '0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('give a number above 0'),
    });
  });
});
