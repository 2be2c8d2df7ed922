import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { TYPE_URL } from '../../src/core/delta/type-urls.ts';
import type { LatencyReport } from '../../src/core/signals/latency-report.ts';
import { serveXds } from '../../src/xds/xds-server.ts';
import { startEnvoy, waitFor } from './envoy.ts';
import { cluster, endpoints, listener, routes } from './resources.ts';

const V1 = 'default/model/v1';
const VIEW = 'sidecars';
const ANSWER_MS = 40;
const CALLS = 20;

test('a sidecar pushes the latencies of its versions each second, as increments', async () => {
  const model = createServer((_, response) => void setTimeout(() => response.end('v1'), ANSWER_MS));
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  const reports: LatencyReport[] = [];
  const server = await serveXds({
    address: '127.0.0.1:0',
    nodes: { viewOf: () => VIEW },
    listener: { latencyReport: (report) => reports.push(report) },
  });
  server.publish({
    upsert: [
      cluster(V1),
      endpoints(V1, (model.address() as AddressInfo).port),
      listener('http', 'model'),
      routes('model', { [V1]: 100 }),
    ],
    views: [[VIEW, { [TYPE_URL.cds]: [V1], [TYPE_URL.lds]: ['http'] }]],
  });
  const envoy = await startEnvoy({ nodeId: 'e2e-latency', xdsPort: server.port, protocol: 'delta' });
  try {
    const port = await envoy.listeningPort();
    const seen = () =>
      reports
        .flatMap((report) => report.clusters)
        .reduce((sum, { histogram }) => sum + histogram.counts.reduce((a, b) => a + b, 0), 0);
    for (const round of [1, 2]) {
      for (let i = 0; i < CALLS; i++) await (await fetch(`http://127.0.0.1:${port}/`)).text();
      const calledAt = Date.now();
      await waitFor(() => seen() >= round * CALLS || undefined);
      expect(Date.now() - calledAt, 'from the last call to its latency, ms').toBeLessThan(5_000);
    }
    expect(seen(), 'increments: nothing is counted twice').toBe(2 * CALLS);
    // This Envoy does not say what it is.
    expect(reports[0]).toMatchObject({ nodeId: 'e2e-latency', role: 'proxyless' });
    for (const { cluster: name, histogram, sumMs } of reports.flatMap((report) => report.clusters)) {
      expect(name).toBe(V1);
      const count = histogram.counts.reduce((a, b) => a + b, 0);
      expect(sumMs / count).toBeGreaterThan(ANSWER_MS * 0.9);
      const below = histogram.counts.filter(
        (_, i) => (histogram.bounds[i] ?? Number.POSITIVE_INFINITY) < ANSWER_MS * 0.9,
      );
      expect(below.every((each) => each === 0)).toBe(true);
    }
  } finally {
    await envoy.stop();
    await server.close();
    model.close();
    model.closeAllConnections();
  }
});
