import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { findTool } from '../app/toolchain.ts';
import { metricTemplateSchema } from '../core/api/metric-template.ts';
import { modelRolloutSchema } from '../core/api/model-rollout.ts';
import { Exporter } from './exporter-fixture.ts';
import { type PrometheusProcess, startPrometheus } from './prometheus/prometheus-fixture.ts';
import { meta, page, report, Stage } from './stage-fixture.ts';

const executable = findTool('prometheus').path;

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
