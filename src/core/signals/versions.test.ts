import { describe, expect, test } from 'vitest';
import { counter, grpc, inbound, NOW, outbound, read, serviceOf, total } from './series-fixture.ts';
import { SERIES_FAMILIES } from './service-series.ts';
import { drainTally, EMPTY_TALLY, rebaseTally, type Tally, tallyAnswer } from './tally.ts';

describe('requests', () => {
  test('are counted by the gRPC status in the trailers, over all sidecars and methods', () => {
    const { v1, v2 } = read([
      total(outbound('v1'), [100, 110]),
      grpc(0, outbound('v1'), [90, 97]),
      grpc(13, outbound('v1'), [5, 7]),
      grpc(5, outbound('v1'), [5, 6]),
      total({ ...outbound('v1'), instance: 'sidecar:2' }, [100, 110]),
      grpc(0, { ...outbound('v1'), instance: 'sidecar:2' }, [10, 20]),
      total(outbound('v2'), [0, 0]),
    ]);
    expect(v1?.requests.reading).toEqual({ kind: 'value', value: { requests: 20, failures: 2 }, at: NOW });
    expect(v1?.requests.source).toBe(
      'Prometheus: envoy_cluster_grpc_*{envoy_cluster_name="default/fraud/v1"} of 2 targets',
    );
    expect(v2?.requests.reading).toEqual({ kind: 'value', value: { requests: 0, failures: 0 }, at: NOW });
  });

  test('a version fails for the first time: its series is born with the failure', () => {
    const { v2 } = read([total(outbound('v2'), [0, 3]), grpc(14, outbound('v2'), [3])]);
    expect(v2?.requests.reading).toMatchObject({ kind: 'value', value: { requests: 3, failures: 3 } });
  });

  test('over HTTP are counted by class', () => {
    const xx = (klass: string, values: readonly number[]) =>
      counter(
        'envoy_cluster_upstream_rq_xx',
        { ...outbound('v1'), envoy_response_code_class: klass },
        values,
      );
    const { v1 } = read(
      [total(outbound('v1'), [1, 9]), xx('1', [0, 1]), xx('2', [1, 5]), xx('4', [0, 2]), xx('5', [0, 1])],
      serviceOf('http'),
    );
    expect(v1?.requests.reading).toMatchObject({ kind: 'value', value: { requests: 7, failures: 1 } });
  });

  test('nothing at all is missing, and says what was looked for', () => {
    const { v1 } = read([]);
    expect(v1?.requests.reading).toEqual({
      kind: 'missing',
      detail:
        'no envoy_cluster_upstream_rq_total{envoy_cluster_name="default/fraud/v1"} of a sidecar' +
        ' and no model_requests_total{model="digits",version="1"} in Prometheus',
    });
  });

  test('of a target that is scraped no more are stale and no zero', () => {
    const lastAt = NOW - 15_001;
    const { v1 } = read([
      total(outbound('v1'), [1, 1, 1], lastAt),
      grpc(0, outbound('v1'), [1, 1, 1], lastAt),
    ]);
    expect(v1?.requests.reading).toEqual({
      kind: 'stale',
      lastAt,
      detail: 'not scraped any more (1 target)',
    });
  });

  test('three scrapes late is fresh', () => {
    const { v1 } = read([
      total(outbound('v1'), [1, 1, 1], NOW - 15_000),
      grpc(0, outbound('v1'), [1, 1, 1], NOW - 15_000),
    ]);
    expect(v1?.requests.reading).toMatchObject({ kind: 'value', at: NOW - 15_000 });
  });

  test('of some targets are those of the others, and the stale ones are named', () => {
    const old = { ...outbound('v1'), instance: 'sidecar:2' };
    const { v1 } = read([
      total(outbound('v1'), [1, 3]),
      grpc(0, outbound('v1'), [1, 3]),
      total(old, [1, 1], NOW - 60_000),
    ]);
    expect(v1?.requests.reading).toMatchObject({ kind: 'value', value: { requests: 2 } });
    expect(v1?.requests.source).toMatch(/of 1 target, 1 more stale$/);
  });

  test('NaN is invalid', () => {
    const { v1 } = read([total(outbound('v1'), [1, 3]), grpc(0, outbound('v1'), [1, Number.NaN])]);
    expect(v1?.requests.reading).toMatchObject({ kind: 'invalid', at: NOW });
  });

  test('a sidecar without the grpc_stats filter does not make every call a success', () => {
    const { v1 } = read([total(outbound('v1'), [100, 110])]);
    expect(v1?.requests.reading).toMatchObject({ kind: 'missing' });
  });

  test('an unreachable Prometheus is why they are stale or missing', () => {
    const old = [total(outbound('v1'), [1, 1], NOW - 60_000), grpc(0, outbound('v1'), [1, 1], NOW - 60_000)];
    const { v1, v2 } = read(old, serviceOf(), 'Prometheus at http://p: connection refused');
    expect(v1?.requests.reading).toMatchObject({
      kind: 'stale',
      detail: 'Prometheus at http://p: connection refused',
    });
    expect(v2?.requests.reading).toMatchObject({
      kind: 'missing',
      detail: 'Prometheus at http://p: connection refused',
    });
  });
});

describe('the vantage', () => {
  const inboundOf = (version: string) => [total(inbound(version), [1, 5]), grpc(0, inbound(version), [1, 5])];
  const serverOf = (version: string) => [
    counter('model_requests_total', { model: 'digits', version, code: 'OK' }, [1, 4]),
    counter('model_requests_total', { model: 'digits', version, code: 'INTERNAL' }, [0, 2]),
  ];

  test('is the callers’ sidecars where there are any, for all versions', () => {
    const { v1, v2 } = read([
      ...inboundOf('v1'),
      ...inboundOf('v2'),
      total(outbound('v1'), [0, 2]),
      grpc(0, outbound('v1'), [0, 2]),
    ]);
    expect(v1?.requests.reading).toMatchObject({ value: { requests: 2 } });
    expect(v2?.requests.reading).toMatchObject({ kind: 'missing' });
  });

  test('is else the sidecars in front of the version', () => {
    const { v1 } = read([...inboundOf('v1'), ...serverOf('1')]);
    expect(v1?.requests.reading).toMatchObject({ value: { requests: 4, failures: 0 } });
    expect(v1?.requests.source).toContain('envoy_cluster_name="inbound/default/fraud/v1"');
  });

  test('is else the model servers', () => {
    const { v1 } = read(serverOf('1'));
    expect(v1?.requests.reading).toMatchObject({ value: { requests: 5, failures: 2 } });
    expect(v1?.requests.source).toContain('model_requests_total{model="digits",version="1"}');
  });

  test('changes when the better one is gone', () => {
    const gone = [total(outbound('v1'), [0, 2], NOW - 60_000)];
    const { v1 } = read([...inboundOf('v1'), ...gone]);
    expect(v1?.requests.reading).toMatchObject({ value: { requests: 4 } });
  });

  test('of another service is none of ours', () => {
    const foreign = { envoy_cluster_name: 'other/fraud/v1' };
    const { v1 } = read([total(foreign, [1, 5]), grpc(0, foreign, [1, 5])]);
    expect(v1?.requests.reading).toMatchObject({ kind: 'missing' });
  });
});

describe('a tally', () => {
  const [family] = SERIES_FAMILIES;
  const service = serviceOf();
  const look = (tally: Tally, values: readonly number[], at: number) =>
    family
      ? tallyAnswer(
          tally,
          family,
          service,
          [total(outbound('v1'), values, at), grpc(0, outbound('v1'), values, at)],
          at,
        )
      : tally;

  test('tells what it counted until it is drained', () => {
    const counted = look(look(EMPTY_TALLY, [1], NOW - 5000), [1, 4], NOW);
    expect(counted.requests.get('outbound v1')?.requests).toBe(3);
    expect(drainTally(counted).requests.size).toBe(0);
    expect(look(drainTally(counted), [4, 6], NOW + 5000).requests.get('outbound v1')?.requests).toBe(2);
  });

  test('that is rebased does not tell what was scraped across that time', () => {
    const rebased = rebaseTally(look(EMPTY_TALLY, [1], NOW - 5000), NOW - 2000);
    const across = look(rebased, [1, 4], NOW);
    expect(across.requests.size).toBe(0);
    expect(look(across, [4, 6], NOW + 5000).requests.get('outbound v1')?.requests).toBe(2);
  });
});
