import { describe, expect, test } from 'vitest';
import type { LatencyReport } from '../core/signals/latency-report.ts';
import { PushedWatch } from './pushed-watch.ts';
import { report, Stage } from './stage-fixture.ts';

function push(nodeId: string, at: number): LatencyReport {
  const histogram = { bounds: [10, 100], counts: [2, 1, 0] };
  return { nodeId, role: 'outbound', at, clusters: [{ cluster: 'default/alone/v1', histogram, sumMs: 60 }] };
}

describe('pushed latencies', () => {
  test('are what is observed where there is no Prometheus, since the previous look', () => {
    const stage = new Stage('alone');
    const at = Date.now();
    stage.observer.onLoadReport(report('alone', { successes: 3, at }));
    stage.observer.onLatencyReport(push('client', at));
    const { v1, v2 } = stage.look(at);
    expect(v1.latencyMs).toEqual({ kind: 'value', value: { bounds: [10, 100], counts: [2, 1, 0] }, at });
    expect(v1.sources.latencyMs).toBe('latencies pushed by 1 sidecar');
    expect(v2.latencyMs).toMatchObject({ kind: 'missing' });
    expect(stage.look(at + 100).v1.latencyMs).toMatchObject({ kind: 'value', value: { counts: [0, 0, 0] } });
  });

  const load = (...fresh: string[]) => ({ fresh, lost: [], at: 0 });
  const watching = (hasPrometheus: boolean, ...pushers: string[]) => {
    const watch = new PushedWatch(hasPrometheus);
    for (const nodeId of pushers) watch.take(push(nodeId, 1_000));
    watch.fold(new Set(['default/alone/v1']), 1_000);
    return watch;
  };

  test.each([
    ['every caller pushes', true, ['a', 'b'], ['a', 'b'], 'pushed'],
    ['a caller does not push, and Prometheus sees it', true, ['a'], ['a', 'b'], 'prometheus'],
    ['a caller does not push, and nobody else sees it', false, ['a'], ['a', 'b'], 'pushed'],
    ['nobody pushes', true, [], ['a'], 'prometheus'],
    ['callers push and report no load', true, ['a'], [], 'pushed'],
  ])('%s', (_, hasPrometheus, pushers, reporters, source) => {
    expect(watching(hasPrometheus, ...pushers).choose('s', load(...reporters), 1_500, () => {})).toBe(source);
  });

  test('a source that takes over is told, once', () => {
    const watch = watching(true, 'a');
    const told: string[] = [];
    const choose = (...reporters: string[]) =>
      watch.choose('s', load(...reporters), 1_500, (next) => told.push(next));
    for (const reporters of [['a'], ['a', 'b'], ['a', 'b'], ['a']]) choose(...reporters);
    expect(told).toEqual(['prometheus', 'pushed']);
  });
});
