import { describe, expect, test } from 'vitest';
import { report, Stage } from './stage-fixture.ts';

describe('by load reports alone', () => {
  test('without any, all is missing, and why', () => {
    const { v1 } = new Stage('alone').look();
    expect(v1.requests).toEqual({ kind: 'missing', detail: 'no sidecar of a caller sends load reports' });
    expect(v1.latencyMs).toEqual({
      kind: 'missing',
      detail: 'no Prometheus is configured (--prometheus URL)',
    });
    expect(v1.endpoints.map(({ address }) => address)).toEqual(['127.0.0.1:9101']);
  });

  test('endpoints are told with what their answers carried', () => {
    const stage = new Stage('alone');
    const at = Date.now();
    stage.observer.onLoadReport(report('alone', { successes: 9, errors: 1, at }));
    const [endpoint] = stage.look(at).v1.endpoints;
    expect(endpoint).toMatchObject({
      address: '127.0.0.1:9101',
      requests: { value: { requests: 10, failures: 1 } },
      inFlight: { value: 3 },
      utilization: { value: 0.5 },
      queue: { value: 2.5 },
      latencyMs: { kind: 'missing' },
    });
    const [later] = stage.look(at + 500).v1.endpoints;
    expect(later).toMatchObject({ requests: { value: { requests: 0 } }, queue: { value: 2.5, at } });
  });

  test('calls that bypass the breaker are the endpoint’s, and not the version’s', () => {
    const stage = new Stage('alone');
    const at = Date.now();
    const usual = report('alone', { successes: 9, errors: 1, at });
    const clusters = usual.clusters.map((each) => ({ ...each, cluster: `bypass/${each.cluster}` }));
    stage.observer.onLoadReport({ ...usual, clusters: [...usual.clusters, ...clusters] });
    const { requests, endpoints } = stage.look(at).v1;
    expect(requests).toMatchObject({ value: { requests: 10, failures: 1 } });
    expect(endpoints).toMatchObject([
      {
        requests: { value: { requests: 20, failures: 2 } },
        inFlight: { value: 6 },
        queue: { value: 2.5 },
      },
    ]);
    expect(stage.look(at + 100).v1.endpoints).toMatchObject([{ requests: { value: { requests: 0 } } }]);
  });

  test('a version without traffic is a zero while callers report, and stale when they are lost', () => {
    const stage = new Stage('alone');
    const at = Date.now();
    stage.observer.onLoadReport(report('alone', { successes: 9, at }));
    expect(stage.look(at + 3000).v2.requests).toMatchObject({ kind: 'value', value: { requests: 0 } });
    expect(stage.look(at + 3001).v2.requests).toEqual({
      kind: 'stale',
      lastAt: at,
      detail: 'no load reports any more from client',
    });
  });
});
