import { describe, expect, test } from 'vitest';
import { type ModelService, modelServiceSchema } from '../api/model-service.ts';
import type { Labels, Series } from './samples.ts';
import { SERIES_FAMILIES } from './service-series.ts';
import { drainTally, EMPTY_TALLY, rebaseTally, type Tally, tallyAnswer } from './tally.ts';
import { instanceLatencies, readVersions } from './versions.ts';

const NOW = 1_000_000;

function serviceOf(protocol: 'grpc' | 'http' = 'grpc'): ModelService {
  const at = (port: number) => ({ static: [{ address: '10.0.0.1', port }] });
  return modelServiceSchema.parse({
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelService',
    metadata: { name: 'fraud' },
    spec: {
      port: 9000,
      protocol,
      model: 'digits',
      versions: [
        { name: 'v1', modelVersion: '1', endpoints: at(1) },
        { name: 'v2', modelVersion: '2', endpoints: at(2) },
      ],
    },
  });
}

/** Scrapes of a counter every 5 s; the last one is at NOW unless it is older. */
function counter(name: string, labels: Labels, values: readonly number[], lastAt = NOW): Series {
  const samples = values.map((value, i) => ({ at: lastAt - (values.length - 1 - i) * 5000, value }));
  return { labels: { __name__: name, instance: 'sidecar:1', ...labels }, samples };
}

const outbound = (version: string) => ({ envoy_cluster_name: `default/fraud/${version}` });
const inbound = (version: string) => ({ envoy_cluster_name: `inbound/default/fraud/${version}` });
const total = (labels: Labels, values: readonly number[], lastAt?: number) =>
  counter('envoy_cluster_upstream_rq_total', labels, values, lastAt);
const grpc = (status: number, labels: Labels, values: readonly number[], lastAt?: number) => {
  const method = {
    envoy_grpc_bridge_service: 'inference_GRPCInferenceService',
    envoy_grpc_bridge_method: 'ModelInfer',
  };
  return counter(`envoy_cluster_grpc_${status}`, { ...labels, ...method }, values, lastAt);
};
const bucket = (name: string, le: string, labels: Labels, values: readonly number[]) =>
  counter(`${name}_bucket`, { ...labels, le }, values);

/**
 * What is read of v1 and v2 at NOW when the first look had all but the scrapes at NOW.
 * Each series is offered to every query; only those that are its own are of use to it.
 */
function read(found: readonly Series[], service = serviceOf(), problem?: string) {
  const firsts = found.map(({ labels, samples }) => ({
    labels,
    samples: samples.filter(({ at }) => at < NOW),
  }));
  const tallies = SERIES_FAMILIES.map((family) => {
    const own = (series: readonly Series[]) =>
      series.filter(({ labels }) => isOf(family.id, labels.__name__ ?? ''));
    const looked = tallyAnswer(EMPTY_TALLY, family, service, own(firsts), NOW - 60_000);
    return { family, tally: tallyAnswer(looked, family, service, own(found), NOW) };
  });
  const versions = readVersions(service, tallies, { offsetMs: 0, problem }, NOW);
  return { v1: versions.get('v1'), v2: versions.get('v2'), tallies };
}

function isOf(id: string, name: string): boolean {
  if (id === 'envoy-requests') return /^envoy_cluster_(upstream_rq_(total|xx)|grpc_\d+)$/.test(name);
  if (id === 'envoy-latency') return /^envoy_cluster_upstream_rq_t(otal|ime)/.test(name);
  if (id === 'server-requests') return name === 'model_requests_total';
  if (id === 'server-latency') return name.startsWith('model_request_duration_seconds');
  return name === 'model_score_bucket' || name === 'model_in_flight';
}

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
