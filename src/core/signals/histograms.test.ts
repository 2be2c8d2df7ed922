import { describe, expect, test } from 'vitest';
import { bucket, counter, NOW, outbound, read, total } from './series-fixture.ts';
import { instanceLatencies } from './versions.ts';

describe('histograms', () => {
  test('of latency are in milliseconds, from sidecars and from model servers', () => {
    const envoy = 'envoy_cluster_upstream_rq_time';
    const { v1, v2 } = read([
      bucket(envoy, '5', outbound('v1'), [10, 12]),
      bucket(envoy, '10', outbound('v1'), [10, 15]),
      bucket(envoy, '+Inf', outbound('v1'), [10, 16]),
    ]);
    expect(v1?.latencyMs.reading).toMatchObject({ value: { bounds: [5, 10], counts: [2, 3, 1] } });
    expect(v2?.latencyMs.reading).toMatchObject({ kind: 'missing' });

    const server = 'model_request_duration_seconds';
    const labels = { model: 'digits', version: '2' };
    const only = read([bucket(server, '0.005', labels, [1, 2]), bucket(server, '+Inf', labels, [1, 4])]);
    expect(only.v2?.latencyMs.reading).toMatchObject({ value: { bounds: [5], counts: [1, 2] } });
  });

  test('that are born with the first request count from zero', () => {
    const envoy = 'envoy_cluster_upstream_rq_time';
    const { v1, v2 } = read([
      total(outbound('v1'), [0, 3]),
      bucket(envoy, '5', outbound('v1'), [2]),
      bucket(envoy, '+Inf', outbound('v1'), [3]),
      total(outbound('v2'), [0, 0]),
    ]);
    expect(v1?.latencyMs.reading).toMatchObject({ value: { bounds: [5], counts: [2, 1] } });
    expect(v2?.latencyMs.reading).toMatchObject({ kind: 'value', value: { counts: [0] } });
  });

  test('without news are bounds and zeros', () => {
    const envoy = 'envoy_cluster_upstream_rq_time';
    const { v1 } = read([
      bucket(envoy, '5', outbound('v1'), [10]),
      bucket(envoy, '+Inf', outbound('v1'), [10]),
    ]);
    expect(v1?.latencyMs.reading).toMatchObject({ value: { bounds: [5], counts: [0, 0] } });
  });

  test('have the bounds that all targets have in common, whoever has news', () => {
    const envoy = 'envoy_cluster_upstream_rq_time';
    const other = { ...outbound('v1'), instance: 'sidecar:2' };
    const { v1 } = read([
      bucket(envoy, '1', outbound('v1'), [1, 2]),
      bucket(envoy, '5', outbound('v1'), [1, 3]),
      bucket(envoy, '+Inf', outbound('v1'), [1, 4]),
      counter(`${envoy}_bucket`, { ...other, le: '5' }, [7], NOW - 5000),
      counter(`${envoy}_bucket`, { ...other, le: '+Inf' }, [7], NOW - 5000),
    ]);
    expect(v1?.latencyMs.reading).toMatchObject({ value: { bounds: [5], counts: [2, 1] } });
  });

  test('a restart is seen in all buckets by their count', () => {
    const envoy = 'envoy_cluster_upstream_rq_time';
    const { v1 } = read([
      bucket(envoy, '5', outbound('v1'), [1, 2]),
      bucket(envoy, '+Inf', outbound('v1'), [100, 3]),
    ]);
    expect(v1?.latencyMs.reading).toMatchObject({ value: { counts: [2, 1] } });
  });

  test('of scores count from zero when the model server was there before', () => {
    const labels = { model: 'digits', version: '2' };
    const { v2, v1 } = read([
      counter('model_in_flight', labels, [0, 0]),
      bucket('model_score', '0.5', labels, [4]),
      bucket('model_score', '+Inf', labels, [10]),
      counter('model_in_flight', { ...labels, version: '1' }, [0, 0]),
    ]);
    expect(v2?.scores.reading).toMatchObject({ value: { bounds: [0.5], counts: [4, 6] } });
    expect(v1?.scores.reading).toMatchObject({
      kind: 'missing',
      detail: 'the model server has counted no score yet',
    });
  });

  test('tell the mean latency of each instance', () => {
    const server = 'model_request_duration_seconds';
    const labels = { model: 'digits', version: '1', instance: '10.0.0.1:8000' };
    const { tallies } = read([
      bucket(server, '+Inf', labels, [10, 20]),
      counter(`${server}_sum`, labels, [1, 1.5]),
    ]);
    const [mean, ...others] = instanceLatencies(tallies, 'v1');
    expect(mean?.meanMs).toBeCloseTo(50);
    expect(mean?.labels.instance).toBe('10.0.0.1:8000');
    expect(others).toEqual([]);
  });
});
