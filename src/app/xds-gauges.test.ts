import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { TYPE_URL } from '../core/delta/type-urls.ts';
import { registerXdsGauges } from './xds-gauges.ts';

test('what the server holds, and its slowest stream, are read at the scrape', async () => {
  const registry = new Registry();
  let slowestLagMs = 0;
  registerXdsGauges(registry, {
    levels: () => ({
      streams: 3,
      subscriptions: new Map([[TYPE_URL.rds, 3]]),
      resources: new Map([[TYPE_URL.rds, 7]]),
      laggards: 1,
      slowestLagMs,
    }),
    workers: () => [{ pid: 7, connections: 2, cpuSeconds: 1, residentBytes: 100, eventLoopDelayMs: 12 }],
  });
  slowestLagMs = 1_500;
  const text = await registry.metrics();
  expect(text).toContain('penstock_xds_resources{type="rds"} 7');
  expect(text).toContain('penstock_xds_resources{type="cds"} 0');
  expect(text).toContain('penstock_xds_subscriptions{type="rds"} 3');
  expect(text).toContain('penstock_xds_laggards 1');
  expect(text).toContain('penstock_xds_slowest_lag_seconds 1.5');
  expect(text).toContain('penstock_xds_worker_connections{worker="0"} 2');
  expect(text).toContain('penstock_xds_worker_event_loop_delay_seconds{worker="0"} 0.012');
});
