import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trafficPolicySchema } from '../../api/traffic-policy.ts';
import type { HistogramCounts, RequestCounts } from '../../observation/observation.ts';
import type { Reading } from '../../observation/reading.ts';
import { decideBreaker } from './decide-breaker.ts';
import type { BreakerDecision, BreakerState } from './decision.ts';
import { drawFrom } from './jitter.ts';
import { sumVersions } from './sum-versions.ts';

const START = 1_700_000_000_000;

function specOf(given: Record<string, unknown>) {
  const { breaker } = trafficPolicySchema.parse({
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name: 'fraud' },
    spec: { targetRef: { kind: 'ModelService', name: 'fraud' }, breaker: given },
  }).spec;
  if (breaker === undefined) throw new Error('no breaker');
  return breaker;
}

interface Plant {
  readonly spec?: Record<string, unknown>;
  readonly seed?: string;
  /** What would happen at a second if everything were admitted. */
  readonly at: (second: number) => {
    rate: number;
    failing?: number;
    slow?: number;
    /** Share of the calls that end without an answer. */
    abandoned?: number;
    dark?: boolean;
    frozen?: boolean;
  };
  readonly clockMs?: (second: number) => number;
}

/** A fleet that sends, less what the breaker refuses; a look a second, each by way of JSON. */
function simulate(plant: Plant, seconds: number): BreakerDecision[] {
  const spec = specOf(plant.spec ?? {});
  const decisions: BreakerDecision[] = [];
  for (let second = 1; second <= seconds; second++) {
    const previous = decisions.at(-1);
    const nowMs = plant.clockMs?.(second) ?? START + second * 1000;
    const { rate, failing = 0, slow = 0, abandoned = 0, dark = false, frozen = false } = plant.at(second);
    const begun = Math.round((rate * (previous?.admitted ?? 10_000)) / 10_000);
    const lost = Math.round(begun * abandoned);
    const requests = begun - lost;
    const value = <T>(given: T): Reading<T> =>
      dark ? { kind: 'missing', detail: 'target down' } : { kind: 'value', value: given, at: nowMs };
    const slowCalls = Math.round(requests * slow);
    decisions.push(
      decideBreaker({
        spec,
        observation: {
          requests: value<RequestCounts>({
            requests,
            failures: Math.round(requests * failing),
            abandoned: lost,
          }),
          latencyMs: value<HistogramCounts>({
            bounds: [spec.slowCall.duration],
            counts: [requests - slowCalls, slowCalls],
          }),
        },
        state:
          previous === undefined ? undefined : (JSON.parse(JSON.stringify(previous.state)) as BreakerState),
        seed: plant.seed ?? 'default/fraud',
        frozen,
        nowMs,
      }),
    );
  }
  return decisions;
}

function phaseAt(decisions: readonly BreakerDecision[], second: number): string | undefined {
  return decisions[second - 1]?.state.phase;
}

function firstSecond(decisions: readonly BreakerDecision[], phase: string, after = 0): number {
  return decisions.findIndex((each, i) => i >= after && each.state.phase === phase) + 1;
}

describe('a closed breaker', () => {
  it.each([
    ['half of the requests fail', { rate: 100, failing: 0.5 }, 1],
    ['everything fails', { rate: 100, failing: 1 }, 1],
    ['the volume floor is reached late', { rate: 7, failing: 1 }, 3],
    ['half of the calls are slow', { rate: 100, slow: 0.5 }, 1],
    ['nothing is answered', { rate: 100, abandoned: 1 }, 1],
    ['hardly anything is answered', { rate: 100, abandoned: 0.9 }, 1],
  ])('opens when %s', (_, at, second) => {
    expect(firstSecond(simulate({ at: () => at }, 10), 'OPEN')).toBe(second);
  });

  it.each([
    ['below the threshold', { rate: 100, failing: 0.45 }],
    ['below the volume floor in the window', { rate: 1, failing: 1 }],
    ['with slow calls below their threshold', { rate: 100, slow: 0.4 }],
    ['while most callers press stop', { rate: 100, abandoned: 0.6 }],
    ['while callers press stop and some calls fail', { rate: 100, abandoned: 0.5, failing: 0.4 }],
    ['without any traffic', { rate: 0 }],
    ['without data', { rate: 100, failing: 1, dark: true }],
    ['under the kill switch', { rate: 100, failing: 1, frozen: true }],
  ])('stays closed %s', (_, at) => {
    expect(firstSecond(simulate({ at: () => at }, 60), 'OPEN')).toBe(0);
  });

  it('opens on a total failure within a second of the volume floor, however much health lies in the window', () => {
    const decisions = simulate({ at: (second) => ({ rate: 100, failing: second > 60 ? 1 : 0 }) }, 70);
    expect(firstSecond(decisions, 'OPEN')).toBe(61);
    expect(decisions[60]?.state.reason).toBe('FailureRun');
  });

  it('opens soon when a healthy service hangs', () => {
    const decisions = simulate({ at: (second) => ({ rate: 100, abandoned: second > 60 ? 1 : 0.1 }) }, 70);
    expect(firstSecond(decisions, 'OPEN')).toBe(61);
    expect(decisions[60]?.state.reason).toBe('Hung');
  });

  it('without the fast path waits until the window shows it', () => {
    const at = (second: number) => ({ rate: 100, failing: second > 60 ? 1 : 0 });
    expect(firstSecond(simulate({ spec: { fastTrip: false }, at }, 80), 'OPEN')).toBeGreaterThanOrEqual(65);
  });

  it('opens by the newest most with the other estimator', () => {
    const at = (second: number) => ({ rate: 100, failing: second > 60 ? 0.8 : 0 });
    const opened = firstSecond(simulate({ spec: { fastTrip: false, estimator: 'Ewma' }, at }, 90), 'OPEN');
    expect(opened).toBeGreaterThan(62);
    expect(opened).toBeLessThan(75);
  });

  it('warns once of errors that rise far below the threshold', () => {
    const decisions = simulate({ at: () => ({ rate: 100, failing: 0.1 }) }, 30);
    const events = decisions.flatMap((each) => each.events);
    expect(events.map((event) => event.reason)).toEqual(['ErrorsRising']);
    expect(phaseAt(decisions, 30)).toBe('CLOSED');
  });

  it.each([
    ['core', 0.45, true],
    ['auxiliary', 0.55, false],
    ['realtime', 0.65, true],
    ['batch', 0.65, false],
  ])('of the preset %s with %f failing opens: %s', (preset, failing, opens) => {
    const decisions = simulate({ spec: { preset }, at: () => ({ rate: 100, failing }) }, 30);
    expect(firstSecond(decisions, 'OPEN') > 0).toBe(opens);
  });
});

describe('an open breaker', () => {
  const outage = (from: number, to: number) => (second: number) => ({
    rate: 500,
    failing: second >= from && second < to ? 1 : 0,
  });

  it('refuses everything, sleeps, probes, and comes back within 5 s of the sleep window', () => {
    const decisions = simulate({ at: outage(10, 20) }, 60);
    expect(firstSecond(decisions, 'OPEN')).toBe(10);
    expect(decisions[15]?.admitted).toBe(0);
    expect(firstSecond(decisions, 'HALF_OPEN')).toBe(40);
    const shares = decisions.slice(39, 46).map((each) => each.admitted);
    expect(shares).toEqual([500, 1000, 2500, 5000, 10_000, 10_000, 10_000]);
    expect(firstSecond(decisions, 'CLOSED', 40)).toBeLessThanOrEqual(45);
  });

  it('opens again when its probes are never answered, and recovers though some callers press stop', () => {
    const at = (second: number) => ({ rate: 500, abandoned: second >= 10 && second < 60 ? 1 : 0.3 });
    const decisions = simulate({ at }, 130);
    expect(firstSecond(decisions, 'OPEN', 39)).toBe(41);
    expect(decisions.at(-1)?.state.phase).toBe('CLOSED');
  });

  it('is not closed by one lucky probe', () => {
    const decisions = simulate({ at: (second) => ({ rate: 20, failing: second < 20 ? 1 : 0 }) }, 45);
    expect(decisions.slice(31, 45).every((each) => each.admitted <= 500)).toBe(true);
  });

  it('sleeps twice as long after each relapse, up to the most, with jitter', () => {
    const decisions = simulate({ at: () => ({ rate: 1000, failing: 1 }) }, 1500);
    const sleeps = decisions
      .flatMap((each) => each.events)
      .filter((event) => event.type === 'Warning' && event.message.includes('open for'))
      .map((event) => Number(/open for ([\d.]+) s/.exec(event.message)?.[1]));
    const expected = [30, 60, 120, 240, 300, 300];
    expect(sleeps[0]).toBe(30);
    for (const [i, sleep] of sleeps.slice(0, expected.length).entries()) {
      expect(sleep).toBeGreaterThanOrEqual((expected[i] ?? 0) * 0.8);
      expect(sleep).toBeLessThanOrEqual((expected[i] ?? 0) * 1.2);
    }
  });

  it('counts a trip soon after the recovery as a relapse, and one much later as a first', () => {
    const twice = (second: number) => ({
      rate: 500,
      failing: second < 20 || (second >= 50 && second < 70) ? 1 : 0,
    });
    const late = (second: number) => ({
      rate: 500,
      failing: second < 20 || (second >= 300 && second < 320) ? 1 : 0,
    });
    expect(simulate({ at: twice }, 60).at(-1)?.state.relapses).toBe(1);
    expect(simulate({ at: late }, 310).at(-1)?.state.relapses).toBe(0);
  });

  it('keeps probing while it sees nothing, and goes on when it sees again', () => {
    const at = (second: number) => ({
      rate: 500,
      failing: second < 20 ? 1 : 0,
      dark: second > 30 && second < 90,
    });
    const decisions = simulate({ at }, 120);
    expect(phaseAt(decisions, 85)).toBe('HALF_OPEN');
    expect(decisions[84]?.admitted).toBe(500);
    expect(decisions[84]?.evidence.source).toBe('no data');
    expect(phaseAt(decisions, 120)).toBe('CLOSED');
  });

  it('takes a clock that steps back', () => {
    const clockMs = (second: number) => START + second * 1000 - (second > 20 ? 600_000 : 0);
    const decisions = simulate({ at: outage(10, 20), clockMs }, 60);
    expect(firstSecond(decisions, 'HALF_OPEN')).toBeLessThanOrEqual(42);
  });
});

describe('breakers', () => {
  it('of different names do not probe in step', () => {
    const sleeps = ['a', 'b', 'c', 'd', 'e'].map((seed) => {
      const decisions = simulate({ seed, at: () => ({ rate: 1000, failing: 1 }) }, 60);
      return decisions.at(-1)?.state.sleepLeftMs;
    });
    expect(new Set(sleeps).size).toBe(5);
  });

  it('draw evenly', () => {
    const draws = Array.from({ length: 2000 }, (_, i) => drawFrom(`service-${i}`));
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    expect(mean).toBeCloseTo(0.5, 1);
    expect(Math.max(...draws)).toBeLessThan(1);
  });

  it('over a service sum its versions and ignore one that cannot be read', () => {
    const version = (requests: Reading<RequestCounts>) => ({
      requests,
      latencyMs: { kind: 'missing', detail: '' } as const,
      scores: { kind: 'missing', detail: '' } as const,
      endpoints: [],
      sources: { requests: '', latencyMs: '', scores: '' },
    });
    const summed = sumVersions([
      version({ kind: 'value', value: { requests: 5, failures: 1 }, at: 1 }),
      version({ kind: 'missing', detail: 'down' }),
      version({ kind: 'value', value: { requests: 7, failures: 2 }, at: 3 }),
    ]);
    expect(summed.requests).toEqual({ kind: 'value', value: { requests: 12, failures: 3 }, at: 3 });
    expect(summed.latencyMs.kind).toBe('missing');
  });

  it('admit everything exactly when closed and nothing exactly when open, on any walk', () => {
    const second = fc.record({
      rate: fc.constantFrom(0, 10, 500),
      failing: fc.constantFrom(0, 0.1, 1),
      dark: fc.boolean(),
      frozen: fc.constantFrom(false, false, true),
    });
    fc.assert(
      fc.property(fc.array(second, { minLength: 1, maxLength: 200 }), (walk) => {
        const at = (i: number) => walk[i - 1] ?? { rate: 0 };
        for (const [i, { state, admitted }] of simulate(
          { spec: { sleepWindow: '5s' }, at },
          walk.length,
        ).entries()) {
          expect(admitted === 10_000).toBe(state.phase === 'CLOSED');
          expect(admitted === 0).toBe(state.phase === 'OPEN');
          if (walk[i]?.dark && i > 0) expect(state.phase === 'OPEN' || admitted > 0).toBe(true);
        }
      }),
    );
  });
});
