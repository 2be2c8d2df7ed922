import { describe, expect, it } from 'vitest';
import { restoredState, savedState } from './saved-state.ts';
import { LIVED_STATE } from './saved-state-fixture.ts';
import { NEW_SERVICE_STATE, NO_INTERLOCKS } from './service-look.ts';

/** As the database gives it back. */
const saved = (): Record<string, unknown> => JSON.parse(JSON.stringify(savedState(LIVED_STATE)));

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
    expect(restoredState(saved())).toEqual({ state: LIVED_STATE, dropped: [] });
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
    expect(restored).toEqual({ ...LIVED_STATE, rollout: undefined });
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
    ['overflow.v1.published', undefined, { overflow: {} }, 'the overflow of version v1'],
    ['balance.v1.endpoints', { a: { errorLog: 0 } }, { balance: {} }, 'the balance of version v1'],
    ['interlocks.deratedAtMs', undefined, { interlocks: NO_INTERLOCKS }, 'what one policy waits for'],
    ['interlocks.trialBreaker.phase', 'AJAR', { interlocks: NO_INTERLOCKS }, 'what one policy waits for'],
    ['limits.demand', undefined, { limits: NEW_SERVICE_STATE.limits }, 'the limits'],
    [
      'workload.letGo.v0.dueMs',
      undefined,
      { workload: NEW_SERVICE_STATE.workload },
      'the replicas of its rollout',
    ],
    [
      'demand.versions.v1.offered',
      undefined,
      { demand: NEW_SERVICE_STATE.demand },
      'the demand for replicas',
    ],
  ])('without a usable %s (%j) begins that part anew', (path, value, expected, what) => {
    const { state: restored, dropped } = restoredState(damaged(path, value));
    expect(restored).toEqual({ ...LIVED_STATE, ...expected });
    expect(dropped).toEqual([expect.stringMatching(new RegExp(`^${what}.* begins anew`))]);
  });

  it('of an unknown format begins every part anew and says so', () => {
    const { state: restored, dropped } = restoredState(damaged('formats'));
    expect(restored).toEqual({ ...NEW_SERVICE_STATE, breakerTrips: 3 });
    expect(dropped).toHaveLength(9);
    expect(dropped[0]).toContain('it is of format unknown, and this Penstock knows 1');
  });
});
