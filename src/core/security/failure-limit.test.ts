import { expect, it } from 'vitest';
import { FailureLimit } from './failure-limit.ts';

it('lets ten failures pass, then makes the caller wait, and forgets', () => {
  const limit = new FailureLimit();
  for (let i = 0; i < 10; i++) {
    expect(limit.waitMs('a', 0)).toBe(0);
    limit.failed('a', 0);
  }
  expect(limit.waitMs('a', 0)).toBe(6_000);
  expect(limit.waitMs('b', 0)).toBe(0);
  expect(limit.waitMs('a', 5_000)).toBeGreaterThan(0);
  expect(limit.waitMs('a', 6_001)).toBe(0);
});

it('never makes anybody wait for longer than ten more failures', () => {
  const limit = new FailureLimit();
  for (let i = 0; i < 1_000; i++) limit.failed('a', 0);
  expect(limit.waitMs('a', 0)).toBe(66_000);
});

it('remembers a bounded number of callers', () => {
  const limit = new FailureLimit();
  for (let i = 0; i < 10; i++) limit.failed('first', 0);
  for (let i = 0; i < 10_001; i++) limit.failed(`address ${i}`, 0);
  expect(limit.waitMs('first', 0)).toBe(0);
});
