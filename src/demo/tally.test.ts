import { describe, expect, it } from 'vitest';
import { type CallOutcome, INJECTED_MARK, judge, quantile, tally, usersMovedBack } from './tally.ts';

const call = (over: Partial<CallOutcome>): CallOutcome => ({
  user: 'u1',
  startedAt: 0,
  endedAt: 10,
  code: 0,
  message: '',
  version: 'v1',
  fallback: undefined,
  correct: true,
  ...over,
});

describe('judging a call', () => {
  it.each([
    ['an answer', {}, 'ok'],
    ['an ordered failure', { code: 13, message: `${INJECTED_MARK}: 30 %` }, 'injected'],
    ['a refusal by a limit', { code: 8, message: 'RESOURCE_EXHAUSTED' }, 'limited'],
    ['an answer of the fallback', { fallback: 'lite' }, 'fallback'],
    ['a failed call that nobody ordered', { code: 14, message: 'upstream connect error' }, 'lost'],
  ] as const)('%s', (_, over, verdict) => expect(judge(call(over))).toBe(verdict));

  it('counts verdicts and versions and keeps the lost ones', () => {
    const result = tally([
      call({}),
      call({ version: 'v2' }),
      call({ code: 14, message: 'reset', version: undefined }),
    ]);
    expect(result.byVerdict).toEqual({ ok: 2, injected: 0, limited: 0, fallback: 0, lost: 1 });
    expect([...result.byVersion]).toEqual([
      ['v1', 1],
      ['v2', 1],
      ['-', 1],
    ]);
    expect(result.lost).toHaveLength(1);
  });
});

describe('users moved back', () => {
  const at = (startedAt: number, version: string, user = 'u1') =>
    call({ startedAt, endedAt: startedAt + 5, version, user });
  it('finds a user who was on the candidate and then on stable', () => {
    expect(usersMovedBack([at(0, 'v1'), at(10, 'v2'), at(20, 'v1')], 'v1', 'v2')).toBe(1);
  });
  it('accepts one who moved forward, and each user by himself', () => {
    expect(usersMovedBack([at(0, 'v1'), at(10, 'v2'), at(20, 'v2'), at(30, 'v1', 'u2')], 'v1', 'v2')).toBe(0);
  });
  it('accepts an answer of stable to a call that was under way when the user moved', () => {
    const slow = call({ startedAt: 8, endedAt: 40, version: 'v1' });
    expect(usersMovedBack([at(10, 'v2'), slow], 'v1', 'v2')).toBe(0);
  });
});

describe('quantile', () => {
  it.each([
    [[3, 1, 2], 0.5, 2],
    [[1], 0.99, 1],
    [[], 0.5, undefined],
  ] as const)('of %j at %d is %s', (values, share, expected) =>
    expect(quantile(values, share)).toBe(expected),
  );
});
