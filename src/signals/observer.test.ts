import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { findTool } from '../app/toolchain.ts';
import { metricTemplateSchema } from '../core/api/metric-template.ts';
import { modelRolloutSchema } from '../core/api/model-rollout.ts';
import { type ModelService, modelServiceSchema } from '../core/api/model-service.ts';
import type { ServiceObservation, VersionObservation } from '../core/observation/observation.ts';
import type { LoadReport } from '../core/signals/load-report.ts';
import { SignalObserver } from './observer.ts';
import { PrometheusClient } from './prometheus/client.ts';
import { Exporter } from './testing/exporter.ts';
import { type PrometheusProcess, startPrometheus } from './testing/prometheus-process.ts';

const executable = findTool('prometheus').path;
const meta = (kind: string, name: string) => ({
  apiVersion: 'penstock.dev/v1alpha1',
  kind,
  metadata: { name },
});

function serviceNamed(name: string): ModelService {
  return modelServiceSchema.parse({
    ...meta('ModelService', name),
    spec: {
      port: 9000,
      versions: ['v1', 'v2'].map((name, i) => ({
        name,
        endpoints: { static: [{ address: '127.0.0.1', port: 9101 + i }] },
      })),
    },
  });
}

/** Envoy's page: how many requests of v1 ended with which gRPC status, none of v2. */
function page(name: string, byStatus: Readonly<Record<number, number>>): string {
  const cluster = (version: string) => `envoy_cluster_name="default/${name}/${version}"`;
  const all = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
  const method =
    'envoy_grpc_bridge_service="inference_GRPCInferenceService",envoy_grpc_bridge_method="ModelInfer"';
  return [
    '# TYPE envoy_cluster_upstream_rq_total counter',
    `envoy_cluster_upstream_rq_total{${cluster('v1')}} ${all}`,
    `envoy_cluster_upstream_rq_total{${cluster('v2')}} 0`,
    ...Object.entries(byStatus).map(
      ([status, count]) => `envoy_cluster_grpc_${status}{${cluster('v1')},${method}} ${count}`,
    ),
    '',
  ].join('\n');
}

interface Sum {
  requests: number;
  failures: number;
}

/** An observer of one service, and what is done with it. */
class Stage {
  readonly service: ModelService;
  readonly observer: SignalObserver;

  constructor(name: string, url?: string) {
    this.service = serviceNamed(name);
    const prometheus = url === undefined ? undefined : new PrometheusClient({ url, retries: 0 });
    this.observer = new SignalObserver({ prometheus, pollMs: 100 });
    onTestFinished(() => this.observer.close());
    this.observer.watch([this.service], [], []);
  }

  look(nowMs = Date.now()) {
    const seen: ServiceObservation = this.observer.observe(this.service, nowMs);
    const [v1, v2] = [seen.versions.get('v1'), seen.versions.get('v2')];
    if (v1 === undefined || v2 === undefined) throw new Error('both versions are observed, always');
    return { v1, v2, queries: seen.queries };
  }

  /** Looks until `done`; all that was counted of v1 meanwhile. */
  async lookUntil(done: (sum: Sum, v1: VersionObservation) => boolean): Promise<Sum> {
    const sum: Sum = { requests: 0, failures: 0 };
    const step = () => {
      const { v1 } = this.look();
      if (v1.requests.kind === 'value') {
        sum.requests += v1.requests.value.requests;
        sum.failures += v1.requests.value.failures;
      }
      return done(sum, v1);
    };
    await vi.waitUntil(step, { timeout: 15_000, interval: 50 });
    return sum;
  }

  /** Looks until two scrapes were seen, so that it is known how often is scraped. */
  async readOn(): Promise<Sum> {
    const times = new Set<number>();
    return this.lookUntil((_, { requests }) => requests.kind === 'value' && times.add(requests.at).size >= 2);
  }
}

describe('through a real Prometheus', () => {
  const exporters = new Map<string, Exporter>();
  let prometheus: PrometheusProcess;
  let url: string;

  beforeAll(async () => {
    const targets: string[] = [];
    for (const name of ['steady', 'restarted', 'dead', 'odd', 'asked', 'shared', 'lost']) {
      const exporter = new Exporter();
      exporter.page = page(name, { 0: 100, 13: 3 });
      exporters.set(name, exporter);
      targets.push(await exporter.listen());
    }
    prometheus = await startPrometheus({ executable, targets, scrapeInterval: '500ms' });
    url = `http://${prometheus.address}`;
  });
  afterAll(async () => {
    await prometheus?.stop();
    for (const exporter of exporters.values()) await exporter.close();
  });

  /** What the sidecar says from now on; undefined: nothing, it answers 500. */
  function say(name: string, byStatus: Readonly<Record<number, number>> | undefined): void {
    const exporter = exporters.get(name);
    if (exporter) exporter.page = byStatus && page(name, byStatus);
  }

  test('what was before is the baseline, what comes is counted exactly', async () => {
    const stage = new Stage('steady', url);
    const before = await stage.readOn();
    expect(before.requests).toBe(0);
    say('steady', { 0: 110, 13: 5 });
    const counted = await stage.lookUntil(({ requests }) => requests >= 12);
    expect(counted).toMatchObject({ requests: 12, failures: 2 });
    // A status that was never seen before is an increase as well.
    say('steady', { 0: 110, 13: 5, 14: 4 });
    expect(await stage.lookUntil(({ failures }) => failures >= 4)).toMatchObject({
      requests: 4,
      failures: 4,
    });
  });

  test('a restarted sidecar counts from zero', async () => {
    const stage = new Stage('restarted', url);
    await stage.readOn();
    say('restarted', { 0: 7, 13: 4 });
    expect(await stage.lookUntil(({ requests }) => requests >= 11)).toMatchObject({
      requests: 11,
      failures: 4,
    });
  });

  test('a version without requests is a zero, as long as its sidecar is scraped', async () => {
    const stage = new Stage('dead', url);
    await stage.readOn();
    expect(stage.look().v2.requests).toMatchObject({ kind: 'value', value: { requests: 0, failures: 0 } });
    say('dead', undefined);
    const until = await stage.lookUntil((_, v1) => v1.requests.kind === 'stale');
    expect(until.requests).toBe(0);
    expect(stage.look().v2.requests).toMatchObject({
      kind: 'stale',
      detail: 'not scraped any more (1 target)',
    });
    say('dead', { 0: 105, 13: 3 });
    expect(await stage.lookUntil(({ requests }) => requests >= 5)).toMatchObject({
      requests: 5,
      failures: 0,
    });
  });

  test('NaN is no number', async () => {
    const stage = new Stage('odd', url);
    await stage.readOn();
    say('odd', { 0: Number.NaN });
    await stage.lookUntil((_, v1) => v1.requests.kind === 'invalid');
  });

  test('nothing is missing, and says so', async () => {
    const stage = new Stage('nobody', url);
    await vi.waitUntil(() => stage.observer.health(Date.now()).prometheus?.reachable, 5_000);
    expect(stage.look().v1.latencyMs).toMatchObject({
      kind: 'missing',
      detail: expect.stringContaining(
        'no envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="default/nobody/v1"}',
      ),
    });
  });

  test('Query gates: each has its own answer, and one that fails stops no other', async () => {
    const stage = new Stage('asked', url);
    const query = (name: string, text: string) => ({
      name,
      type: 'Query',
      query: text,
      maxDifference: 1,
      interval: '1s',
    });
    const rollout = modelRolloutSchema.parse({
      ...meta('ModelRollout', 'fraud-v2'),
      spec: {
        targetRef: { name: 'asked' },
        stable: 'v1',
        candidate: 'v2',
        strategy: { steps: [{ setWeight: 100 }] },
        analysis: {
          metrics: [
            query(
              'good',
              'sum(envoy_cluster_upstream_rq_total{envoy_cluster_name="{{namespace}}/{{service}}/{{version}}"})',
            ),
            query('bad', 'sum('),
            query('many', 'envoy_cluster_upstream_rq_total{envoy_cluster_name=~"default/{{service}}/.*"}'),
            query('none', 'nothing{version="{{version}}"}'),
            query('nan', 'vector(0) / 0'),
            {
              name: 'shared',
              type: 'Query',
              template: { name: 'total', args: { factor: '2' } },
              maxDifference: 1,
            },
          ],
        },
      },
    });
    const template = metricTemplateSchema.parse({
      ...meta('MetricTemplate', 'total'),
      spec: {
        query:
          'sum(envoy_cluster_upstream_rq_total{envoy_cluster_name=~".*/{{service}}/{{version}}"}) * {{factor}}',
        args: [{ name: 'factor' }],
      },
    });
    stage.observer.watch([stage.service], [rollout], [template]);
    await vi.waitUntil(() => stage.look().queries.get('fraud-v2/good/v1')?.kind === 'value', 10_000);
    await vi.waitUntil(() => stage.look().queries.get('fraud-v2/shared/v1')?.kind === 'value', 10_000);
    const { queries } = stage.look();
    expect(queries.get('fraud-v2/good/v1')).toMatchObject({ kind: 'value', value: 103 });
    expect(queries.get('fraud-v2/good/v2')).toMatchObject({ kind: 'value', value: 0 });
    expect(queries.get('fraud-v2/shared/v1')).toMatchObject({ kind: 'value', value: 206 });
    expect(queries.get('fraud-v2/bad/v2')).toMatchObject({
      kind: 'missing',
      detail: expect.stringContaining('parse error'),
    });
    expect(queries.get('fraud-v2/many/v2')).toMatchObject({
      kind: 'invalid',
      detail: expect.stringContaining('2 series'),
    });
    expect(queries.get('fraud-v2/none/v2')).toMatchObject({
      kind: 'missing',
      detail: 'the query matches no series',
    });
    expect(queries.get('fraud-v2/nan/v1')).toMatchObject({
      kind: 'invalid',
      detail: expect.stringContaining('NaN'),
    });
    const health = stage.observer.health(Date.now()).prometheus;
    expect(health?.reachable).toBe(true);
    expect(health?.failing.map(({ what }) => what)).toContain('query fraud-v2/bad/v1 of default/asked');

    stage.observer.watch([stage.service], [], []);
    expect(stage.look().queries.size).toBe(0);
    expect(stage.observer.health(Date.now()).prometheus?.failing).toEqual([]);
  });

  test('load reports take over from a baseline, and give back from one', async () => {
    const stage = new Stage('shared', url);
    await stage.readOn();
    say('shared', { 0: 150, 13: 3 });
    await stage.lookUntil(({ requests }) => requests >= 50);

    stage.observer.onLoadReport(report('shared', { successes: 50 }));
    const first = stage.look().v1;
    expect(first.sources.requests).toBe('load reports of 1 sidecar');
    expect(first.requests).toMatchObject({ kind: 'value', value: { requests: 0 } });
    stage.observer.onLoadReport(report('shared', { successes: 8, errors: 2, at: Date.now() + 1000 }));
    expect(stage.look(Date.now() + 1000).v1.requests).toMatchObject({
      value: { requests: 10, failures: 2 },
    });
    say('shared', { 0: 158, 13: 5 });

    // Three intervals without a report: Prometheus again, which has the same ten requests.
    const lostAt = Date.now() + 5000;
    expect(stage.look(lostAt).v1.sources.requests).toContain('Prometheus');
    expect(stage.observer.health(lostAt).loadReports).toMatchObject({ fresh: [], lost: ['client'] });
    expect(stage.look(lostAt).v1.requests).not.toMatchObject({ value: { requests: 10 } });
  });

  // The last one: nobody has a Prometheus afterwards.
  test('a Prometheus that goes away leaves what is known to grow stale, and is told of', async () => {
    const stage = new Stage('lost', url);
    await stage.readOn();
    expect(stage.observer.health(Date.now()).prometheus).toMatchObject({
      reachable: true,
      unreachableSince: undefined,
    });
    const stoppedAt = Date.now();
    await prometheus.stop();
    await stage.lookUntil((_, v1) => v1.requests.kind === 'stale');
    expect(stage.look().v1.requests).toMatchObject({
      detail: expect.stringContaining('connection refused'),
    });
    const { prometheus: health } = stage.observer.health(Date.now());
    expect(health?.reachable).toBe(false);
    expect(health?.unreachableSince).toBeGreaterThanOrEqual(stoppedAt);
    expect(health?.lastError).toContain('connection refused');
  });
});

function report(
  name: string,
  { successes = 0, errors = 0, at = Date.now() }: { successes?: number; errors?: number; at?: number },
): LoadReport {
  const endpoint = {
    address: '127.0.0.1',
    port: 9101,
    issued: successes + errors,
    successes,
    errors,
    inProgress: 3,
  };
  const metrics = {
    'named_metrics.queue_depth': { count: 4, total: 10 },
    cpu_utilization: { count: 4, total: 2 },
  };
  return {
    nodeId: 'client',
    role: 'outbound',
    at,
    intervalMs: 1000,
    clusters: [{ cluster: `default/${name}/v1`, endpoints: [{ ...endpoint, metrics }], dropped: 0 }],
  };
}

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
