import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { PushedLatencies } from './pushed-latencies.ts';

test('what sidecars push is told by version, and no longer when it is old', async () => {
  const registry = new Registry();
  let now = 100_000;
  const latencies = new PushedLatencies(registry, () => now);
  const histogram = { bounds: [10, 20], counts: [0, 100, 0] };
  latencies.take({
    nodeId: 'one',
    role: 'outbound',
    at: now,
    clusters: [{ cluster: 'default/fraud/v1', histogram, sumMs: 1_500 }],
  });
  expect(await registry.metrics()).toContain(
    'penstock_pushed_latency_seconds{service="default/fraud",version="v1",quantile="0.5"} 0.015',
  );
  now += 12_000;
  expect(await registry.metrics()).not.toContain('version="v1"');
});
