import { describe, expect, test } from 'vitest';
import type { LatencyReport } from './latency-report.ts';
import {
  addPushed,
  describePushers,
  drainPushed,
  EMPTY_PUSHED,
  type PushedBook,
  readPushed,
  sightPushers,
} from './pushed-latency.ts';

const V1 = 'default/fraud/v1';
const WATCHED = new Set([V1]);
const BOUNDS = [1, 10, 100];

function push(at: number, counts?: readonly number[], rest: Partial<LatencyReport> = {}): LatencyReport {
  const clusters = counts ? [{ cluster: V1, histogram: { bounds: BOUNDS, counts }, sumMs: 50 }] : [];
  return { nodeId: 'one', role: 'outbound', at, clusters, ...rest };
}

function pushed(...reports: readonly LatencyReport[]): PushedBook {
  return addPushed(EMPTY_PUSHED, reports, WATCHED, Math.max(...reports.map(({ at }) => at)));
}

const read = (book: PushedBook, nowMs: number) => readPushed(book, V1, sightPushers(book, nowMs));

describe('latencies that sidecars push are', () => {
  test('a value, the sum over callers since the drain', () => {
    const book = pushed(push(1_000, [1, 2, 0, 0]), push(1_100, [0, 0, 3, 0], { nodeId: 'two' }));
    expect(read(book, 1_200)).toEqual({
      kind: 'value',
      value: { bounds: BOUNDS, counts: [1, 2, 3, 0] },
      at: 1_100,
    });
    expect(read(drainPushed(book, [V1]), 1_200)).toMatchObject({ value: { counts: [0, 0, 0, 0] } });
  });

  test('a zero, under the same bounds, while sidecars push and nothing was answered', () => {
    const book = drainPushed(pushed(push(1_000, [1, 0, 0, 0])), [V1]);
    expect(read(addPushed(book, [push(2_000)], WATCHED, 2_000), 2_500)).toEqual({
      kind: 'value',
      value: { bounds: BOUNDS, counts: [0, 0, 0, 0] },
      at: 2_000,
    });
  });

  test.each([
    ['nobody pushes', EMPTY_PUSHED, 'no sidecar of a caller pushes latencies'],
    ['nothing was ever answered', pushed(push(1_000)), `no sidecar has pushed a latency of ${V1} yet`],
    [
      'only sidecars in front of model servers push',
      pushed(push(1_000, [1, 0, 0, 0], { role: 'inbound' })),
      'no sidecar of a caller pushes latencies',
    ],
  ])('missing when %s', (_, book, detail) => {
    expect(read(book, 1_000)).toEqual({ kind: 'missing', detail });
  });

  test('stale when the sidecars that pushed missed three of their own intervals', () => {
    const book = pushed(push(1_000, [1, 0, 0, 0]), push(2_000, [1, 0, 0, 0]));
    expect(read(book, 5_000)).toMatchObject({ kind: 'value' });
    expect(read(book, 5_001)).toEqual({
      kind: 'stale',
      lastAt: 2_000,
      detail: 'no latencies any more from one',
    });
    expect(describePushers(sightPushers(book, 5_001))).toBe('latencies pushed by 0 sidecars; lost: one');
    // It may have pushed at Envoy's own pace, and then its parts come together.
    const slow = pushed(push(0, [1, 0, 0, 0]), push(5_000, [1, 0, 0, 0]), push(5_010, [1, 0, 0, 0]));
    expect(read(slow, 20_000)).toMatchObject({ kind: 'value' });
  });

  test('not a number when they come without buckets', () => {
    const clusters = [{ cluster: V1, histogram: { bounds: [], counts: [7] }, sumMs: 1 }];
    expect(read(pushed(push(1_000, undefined, { clusters })), 1_000)).toMatchObject({
      kind: 'invalid',
      at: 1_000,
    });
  });

  test('kept of watched versions only, and sidecars that are gone are forgotten', () => {
    const clusters = [
      { cluster: 'default/other/v1', histogram: { bounds: BOUNDS, counts: [1, 0, 0, 0] }, sumMs: 1 },
    ];
    const book = pushed(push(1_000, [1, 0, 0, 0]), push(1_000, undefined, { nodeId: 'two', clusters }));
    expect([...book.clusters.keys()]).toEqual([V1]);
    expect(addPushed(book, [], new Set(), 100_000)).toEqual({ pushers: new Map(), clusters: new Map() });
  });
});
