import { describe, expect, it } from 'vitest';
import { poisson, seeded } from '../../../../bench/statistics/random.ts';
import type { HistogramCounts } from '../../observation/observation.ts';
import type { Reading } from '../../observation/reading.ts';
import { type AdaptiveLimit, decideLimit, type LimitState } from './decide-limit.ts';

const BOUNDS = Array.from({ length: 60 }, (_, i) => 2 * 1.15 ** i);

const byLatency: AdaptiveLimit = { signal: 'Latency', quantile: 0.99, target: 200, minRequestsPerSecond: 10 };
const byQueue: AdaptiveLimit = { signal: 'Queue', target: 5, minRequestsPerSecond: 10 };

interface Second {
  readonly rate: number | undefined;
  readonly served: number;
  readonly refused: number;
  /** Answers that came in time. */
  readonly good: number;
  readonly queue: number;
  readonly state: LimitState;
}

/**
 * One instance that serves `capacity` requests a second in the order of their arrival; callers do not wait
 * longer than a second, but the instance works for them all the same.
 */
function simulate(
  spec: AdaptiveLimit,
  offered: (second: number) => number,
  capacity: (second: number) => number,
  seconds: number,
  dark: (second: number) => boolean = () => false,
): Second[] {
  const random = seeded(3);
  const history: Second[] = [];
  let queue = 0;
  for (let second = 1; second <= seconds; second++) {
    const previous = history.at(-1);
    const arrivals = poisson(random, offered(second));
    const admitted = Math.min(arrivals, Math.floor(previous?.rate ?? Number.POSITIVE_INFINITY));
    const able = capacity(second);
    const latencies: number[] = [];
    const served = Math.min(able, queue + admitted);
    for (let i = 0; i < served; i++) {
      const position = Math.max(0, queue + admitted * (i / Math.max(1, served)) - i) + 1;
      latencies.push((1000 * position) / able);
    }
    queue = queue + admitted - served;
    const counts = [...BOUNDS.map(() => 0), 0];
    for (const latency of latencies) {
      const bucket = BOUNDS.findIndex((bound) => latency <= bound);
      const at = bucket < 0 ? BOUNDS.length : bucket;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    const value = <T>(given: T): Reading<T> =>
      dark(second) ? { kind: 'missing', detail: 'down' } : { kind: 'value', value: given, at: second };
    const decision = decideLimit({
      spec,
      observation: {
        served: value(served),
        refused: value(arrivals - admitted),
        latencyMs: value<HistogramCounts>({ bounds: BOUNDS, counts }),
        lost: 0,
        queue: value(queue),
        instances: 1,
      },
      state: previous === undefined ? undefined : (JSON.parse(JSON.stringify(previous.state)) as LimitState),
      frozen: false,
      nowMs: second * 1000,
    });
    history.push({
      rate: decision.requestsPerSecond,
      served,
      refused: arrivals - admitted,
      good: latencies.filter((latency) => latency <= 1000).length,
      queue,
      state: decision.state,
    });
  }
  return history;
}

function mean(history: readonly Second[], last: number, of: (second: Second) => number): number {
  return history.slice(-last).reduce((sum, each) => sum + of(each), 0) / last;
}

describe.each([
  ['latency', byLatency],
  ['queue', byQueue],
])('a limit by %s', (_, spec) => {
  it.each([1.5, 3])('keeps the goodput at %f times the capacity', (overload) => {
    const history = simulate(
      spec,
      () => 100 * overload,
      () => 100,
      300,
    );
    expect(mean(history, 100, (each) => each.good)).toBeGreaterThanOrEqual(95);
    const unlimited = simulate(
      { ...spec, minRequestsPerSecond: 1e6 },
      () => 100 * overload,
      () => 100,
      300,
    );
    expect(mean(unlimited, 100, (each) => each.good)).toBeLessThan(10);
  });

  it('refuses hardly anything at half of the capacity', () => {
    const history = simulate(
      spec,
      () => 50,
      () => 100,
      300,
    );
    expect(mean(history, 200, (each) => each.refused)).toBeLessThan(0.5);
  });

  it('follows a capacity that halves and comes back', () => {
    const capacity = (second: number) => (second > 150 && second < 300 ? 50 : 100);
    const history = simulate(spec, () => 200, capacity, 500);
    const halved = history.slice(200, 299);
    expect(halved.reduce((sum, each) => sum + each.good, 0) / halved.length).toBeGreaterThanOrEqual(45);
    expect(mean(history, 100, (each) => each.good)).toBeGreaterThanOrEqual(94);
  });

  it('never leaves its bounds', () => {
    const bounded = { ...spec, minRequestsPerSecond: 30, maxRequestsPerSecond: 60 };
    for (const { rate } of simulate(
      bounded,
      () => 300,
      () => 10,
      200,
    )) {
      if (rate === undefined) continue;
      expect(rate).toBeGreaterThanOrEqual(30);
      expect(rate).toBeLessThanOrEqual(60);
    }
  });

  it('holds without data, and after five minutes opens slowly', () => {
    const history = simulate(
      spec,
      () => 300,
      () => 100,
      700,
      (second) => second > 200,
    );
    expect(history[480]?.rate).toBe(history[200]?.rate);
    expect(history.at(-1)?.rate).toBeGreaterThan(2 * (history[200]?.rate ?? 0));
  });
});
