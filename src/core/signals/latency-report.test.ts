import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addReport, type LatencyReport, type LatencyWindow, latencySince } from './latency-report.ts';

const V1 = 'default/fraud/v1';
const KEPT_MS = 10_000;
const NOTHING: LatencyWindow = new Map();

function report(at: number, counts: readonly number[], rest: Partial<LatencyReport> = {}): LatencyReport {
  const histogram = { bounds: [1, 10, 100], counts };
  return { nodeId: 'one', role: 'outbound', at, clusters: [{ cluster: V1, histogram, sumMs: 50 }], ...rest };
}

const taken = (...reports: LatencyReport[]): LatencyWindow =>
  reports.reduce((window, each) => addReport(window, each, KEPT_MS), NOTHING);

describe('Latencies that sidecars push', () => {
  test('are summed over the sidecars', () => {
    const window = taken(report(5_000, [1, 2, 0, 0]), report(5_100, [0, 3, 1, 0], { nodeId: 'two' }));
    expect(latencySince(window, V1, 4_000)).toEqual({
      histogram: { bounds: [1, 10, 100], counts: [1, 5, 1, 0] },
      sumMs: 100,
      newestAt: 5_100,
    });
  });

  test('are told since a time', () => {
    const window = taken(report(5_000, [1, 0, 0, 0]), report(7_000, [0, 0, 0, 4]));
    expect(latencySince(window, V1, 6_500)?.histogram.counts).toEqual([0, 0, 0, 4]);
    expect(latencySince(window, V1, 8_500)).toBeUndefined();
  });

  test('are forgotten after a while', () => {
    const window = taken(report(5_000, [1, 0, 0, 0]), report(20_000, [0, 1, 0, 0]));
    expect(latencySince(window, V1, 0)?.histogram.counts).toEqual([0, 1, 0, 0]);
  });

  test('of inbound sidecars are not what callers wait for', () => {
    expect(taken(report(5_000, [1, 0, 0, 0], { role: 'inbound' }))).toEqual(NOTHING);
  });

  test('of sidecars with other bounds are added under the bounds that both have', () => {
    const cluster = { cluster: V1, histogram: { bounds: [10, 50], counts: [2, 3, 4] }, sumMs: 1 };
    const window = taken(report(5_000, [1, 1, 1, 1]), report(5_000, [], { clusters: [cluster] }));
    expect(latencySince(window, V1, 0)?.histogram).toEqual({ bounds: [10], counts: [4, 9] });
  });

  test('cost one sum for each version and second, and no count is lost', () => {
    const counts = fc.array(fc.nat(1_000), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(KEPT_MS - 1), counts), { minLength: 1 }), (given) => {
        const ordered = given.sort(([a], [b]) => a - b);
        const window = taken(...ordered.map(([at, each]) => report(at, each)));
        expect(window.get(V1)?.length).toBeLessThanOrEqual(KEPT_MS / 1_000);
        const total = latencySince(window, V1, 0)?.histogram.counts.reduce((sum, each) => sum + each, 0);
        expect(total).toBe(given.flatMap(([, each]) => each).reduce((sum, each) => sum + each, 0));
      }),
    );
  });
});
