import { describe, expect, it } from 'vitest';
import { type DemandSample, metricValues } from './metric-values.ts';

const at = Date.UTC(2026, 10, 21);

function sample(over: Partial<DemandSample>): DemandSample {
  return {
    namespace: 'shop',
    service: 'fraud',
    version: 'v1',
    offeredPerSecond: 1990.5,
    demandPerSecond: 2500,
    replicas: 5,
    at,
    ...over,
  };
}

const samples = [
  sample({}),
  sample({ version: 'v2', offeredPerSecond: undefined }),
  sample({ service: 'search', replicas: 0, demandPerSecond: 0 }),
  sample({ namespace: 'other' }),
];

describe('external metrics', () => {
  it.each([
    ['requests_per_second', 'service=fraud', ['fraud/v1 1990500m']],
    ['demand_requests_per_second', 'service=fraud', ['fraud/v1 2500', 'fraud/v2 2500']],
    ['desired_replicas', 'service=fraud,version=v1', ['fraud/v1 5']],
    ['desired_replicas', 'service=search', ['search/v1 0']],
    ['desired_replicas', '', ['fraud/v1 5', 'fraud/v2 5', 'search/v1 0']],
    ['desired_replicas', 'service=nothing', []],
  ])('%s of %s', (metric, selector, expected) => {
    const list = metricValues(samples, 'shop', metric, selector);
    expect(list).toMatchObject({
      kind: 'ExternalMetricValueList',
      apiVersion: 'external.metrics.k8s.io/v1beta1',
    });
    const items = Reflect.get(list, 'items') as {
      metricLabels: Record<string, string>;
      value: string;
      timestamp: string;
    }[];
    expect(
      items.map((each) => `${each.metricLabels.service}/${each.metricLabels.version} ${each.value}`),
    ).toEqual(expected);
    for (const { timestamp } of items) expect(timestamp).toBe('2026-11-21T00:00:00.000Z');
  });

  it.each([
    ['qps', '', 404, 'one of requests_per_second'],
    ['requests_per_second', 'a in b', 400, 'such as service=fraud'],
  ])('%s of "%s" is refused', (metric, selector, status, message) => {
    expect(metricValues(samples, 'shop', metric, selector)).toEqual({
      status,
      message: expect.stringContaining(message),
    });
  });
});
