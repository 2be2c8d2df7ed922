import { describe, expect, it } from 'vitest';
import { closedBreaker } from '../policy/breaker/decide-breaker.ts';
import { NEW_GATES } from '../policy/rollout/gate-memory.ts';
import { learnDispersion, NO_DISPERSION } from '../stats/dispersion.ts';
import { restoredState, savedState } from './saved-state.ts';
import { NEW_SERVICE_STATE, NO_INTERLOCKS, type ServiceState } from './service-look.ts';

const state: ServiceState = {
  rollout: {
    name: 'fraud-v2',
    startedAt: 1000,
    state: {
      phase: 'Progressing',
      phaseSinceMs: 1000,
      reason: 'Step1',
      message: 'step 1',
      identity: '[]',
      plan: '[]',
      stage: 0,
      candidateWeight: 500,
      revision: 1,
      attempt: 0,
      traffic: JSON.stringify({ weights: [{ version: 'v1', weight: 10_000 }], salt: 'a' }),
      pausedByCommand: false,
      pullBacks: 0,
      timers: { lastMs: 1, warmMs: 1, stageMs: 1, stagnantMs: 1, unacknowledgedMs: 1, bakingMs: 1 },
      gates: {
        errors: { spec: '{}', state: NEW_GATES.ErrorRate, verdict: 'insufficient', log10M: -1, blindMs: 0 },
        p95: { spec: '{}', state: NEW_GATES.Latency, verdict: 'pass', log10M: -1, blindMs: 0 },
      },
      conditions: [],
    },
  },
  shelved: undefined,
  breaker: { ...closedBreaker(1000), window: { slotMs: 1000, slots: [{ startMs: 0, sums: [1, 2] }] } },
  breakerTrips: 3,
  balance: { v1: { lastMs: 1000, endpoints: {}, published: { '127.0.0.1:9101': 0.5 } } },
  limits: { lastMs: 1000, demand: { a: 10 }, limits: {} },
  demand: {
    lastMs: 1000,
    versions: { v1: { offered: 100, knownMs: 1000, replicas: 2 } },
    endpoints: { '127.0.0.1:9101': { sinceMs: 0, served: 50 } },
  },
  interlocks: { trialBreaker: closedBreaker(1000), breakerHeldMs: 10, deratedAtMs: 20 },
  failureDispersion: learnDispersion(NO_DISPERSION, { requests: 90, failures: 3 }, 1000),
};

/** As the database gives it back. */
const saved = (): Record<string, unknown> => JSON.parse(JSON.stringify(savedState(state)));

/** The saved state with one value replaced, or with `undefined` taken away. */
function damaged(path: string, value?: unknown): unknown {
  const copy = saved();
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at: Record<string, unknown> = copy;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

describe('a saved state', () => {
  it('comes back as it was', () => {
    expect(restoredState(saved())).toEqual({ state, dropped: [] });
  });

  it('of nothing is a new one', () => {
    expect(restoredState({})).toEqual({ state: NEW_SERVICE_STATE, dropped: [] });
    expect(restoredState('garbage').state).toEqual(NEW_SERVICE_STATE);
  });

  it.each([
    ['rollout.state.timers.warmMs', undefined],
    ['rollout.state.candidateWeight', undefined],
    ['rollout.state.candidateWeight', null],
    ['rollout.state.candidateWeight', '500'],
    ['rollout.state.phase', 'Dreaming'],
    ['rollout.state.traffic', 'not JSON'],
    ['rollout.state.traffic', '{"weights":[{"version":"v1"}],"salt":""}'],
    ['rollout.state', undefined],
    ['rollout.startedAt', undefined],
    ['formats.rollout', 2],
  ])('without a usable %s (%j) begins the rollout anew, and nothing else', (path, value) => {
    const { state: restored, dropped } = restoredState(damaged(path, value));
    expect(restored).toEqual({ ...state, rollout: undefined });
    expect(dropped).toEqual([
      expect.stringMatching(/^the rollout fraud-v2 begins anew, .*(incomplete|format 2)/),
    ]);
  });

  it.each(['rollout.state.gates.errors.state.relative', 'rollout.state.gates.errors.state.type'])(
    'without %s begins the gate anew and moves no weight',
    (path) => {
      const { state: restored, dropped } = restoredState(damaged(path));
      expect(restored.rollout?.state.candidateWeight).toBe(500);
      expect(Object.keys(restored.rollout?.state.gates ?? {})).toEqual(['p95']);
      expect(dropped).toEqual([expect.stringMatching(/^the gate errors of fraud-v2 begins anew/)]);
    },
  );

  it.each([
    ['breaker.sleepLeftMs', undefined, { breaker: undefined }, 'the breaker'],
    ['breaker.phase', 'AJAR', { breaker: undefined }, 'the breaker'],
    ['breaker.window.slots', [{ startMs: 0, sums: [null] }], { breaker: undefined }, 'the breaker'],
    ['balance.v1.published', undefined, { balance: {} }, 'the balance of version v1'],
    ['balance.v1.endpoints', { a: { errorLog: 0 } }, { balance: {} }, 'the balance of version v1'],
    ['interlocks.deratedAtMs', undefined, { interlocks: NO_INTERLOCKS }, 'what one policy waits for'],
    ['interlocks.trialBreaker.phase', 'AJAR', { interlocks: NO_INTERLOCKS }, 'what one policy waits for'],
    ['limits.demand', undefined, { limits: NEW_SERVICE_STATE.limits }, 'the limits'],
    [
      'demand.versions.v1.offered',
      undefined,
      { demand: NEW_SERVICE_STATE.demand },
      'the demand for replicas',
    ],
  ])('without a usable %s (%j) begins that part anew', (path, value, expected, what) => {
    const { state: restored, dropped } = restoredState(damaged(path, value));
    expect(restored).toEqual({ ...state, ...expected });
    expect(dropped).toEqual([expect.stringMatching(new RegExp(`^${what}.* begins anew`))]);
  });

  it('of an unknown format begins every part anew and says so', () => {
    const { state: restored, dropped } = restoredState(damaged('formats'));
    expect(restored).toEqual({ ...NEW_SERVICE_STATE, breakerTrips: 3 });
    expect(dropped).toHaveLength(7);
    expect(dropped[0]).toContain('it is of format unknown, and this Penstock knows 1');
  });
});
