import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findTool } from '../../src/app/toolchain.ts';
import { readSpecs } from '../../src/core/api/read-specs.ts';
import { indexSpecs } from '../../src/core/decide/spec-index.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { SignalObserver } from '../../src/signals/observer.ts';
import { PrometheusClient } from '../../src/signals/prometheus/client.ts';
import { type PrometheusProcess, startPrometheus } from '../../src/signals/prometheus/prometheus-fixture.ts';
import { writePast } from './recorded-past.ts';

const HOUR_S = 3600;
const AHEAD_S = 1200;

const text = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec: {port: 9000, versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: 9101}]}}]}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec:
  targetRef: {name: fraud}
  scaling: {requestsPerSecondPerReplica: 50, forecast: {season: 1h, seasons: 2, ahead: ${AHEAD_S}s}}
`;

let folder: string;
let prometheus: PrometheusProcess;
let observer: SignalObserver;

/** Each hour the rate doubles for its last third; today everything is half as much again. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-forecast-'));
  const nowS = Math.floor(Date.now() / 1000);
  // It is twenty minutes before the peak, and a little more for the time that this takes.
  const phaseS = HOUR_S - 2 * AHEAD_S + 400;
  const lengthS = 3 * HOUR_S;
  writePast(folder, nowS - lengthS, lengthS, {
    v1: (second) => {
      const inSeason = (second - lengthS + phaseS + 4 * HOUR_S) % HOUR_S;
      const usual = inSeason >= HOUR_S - AHEAD_S ? 200 : 100;
      const today = lengthS - second < HOUR_S / 2 ? 1.5 : 1;
      return { requests: usual * today, failures: 0, latencyMs: 10 };
    },
  });
  prometheus = await startPrometheus({
    executable: findTool('prometheus').path,
    targets: [],
    data: join(folder, 'data'),
    arguments: ['--storage.tsdb.retention.time=100y'],
  });
  observer = new SignalObserver({
    prometheus: new PrometheusClient({ url: `http://${prometheus.address}` }),
  });
});
afterAll(async () => {
  await observer?.close();
  await prometheus?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('a peak that past seasons had is forecast by a real Prometheus, at the level of today', async () => {
  const { services, policies } = indexSpecs(readSpecs([{ file: 'f', text }]).objects);
  observer.watch([...services.values()], [], [], [...policies.values()]);
  const forecast = await waitUntil('there is a forecast', () =>
    observer.forecastOf('default/fraud', Date.now()),
  );
  expect(forecast).toBeGreaterThan(270);
  expect(forecast).toBeLessThan(330);
});

it('nobody who did not ask has one', () => {
  const { services } = indexSpecs(readSpecs([{ file: 'f', text }]).objects);
  observer.watch([...services.values()], [], [], []);
  expect(observer.forecastOf('default/fraud', Date.now())).toBeUndefined();
});
