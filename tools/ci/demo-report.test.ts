import { expect, test } from 'vitest';
import { brokenPromises } from './demo-report.ts';

const GOOD = {
  story: [{ name: 'a good candidate', passed: true, seconds: 20 }],
  rollback: { afterSeconds: 1.4, failedRequests: 9, source: 'load reports' },
  lostRequests: { byWeights: 0, byBreaker: 0, byLimits: 0, byRestart: 0 },
  usersMovedBack: 0,
  more: 'keys are welcome',
};

test('a story that went as told keeps every promise', () => {
  expect(brokenPromises(GOOD)).toEqual([]);
});

test.each([
  [{ story: [{ name: 'the breaker', passed: false }] }, 'the breaker: went otherwise'],
  [{ lostRequests: { ...GOOD.lostRequests, byWeights: 2 } }, '2 requests lost byWeights'],
  [{ usersMovedBack: 1 }, '1 users moved back'],
  [{ rollback: { afterSeconds: 7 } }, 'rollback after 7 s, more than 5'],
])('%o breaks one', (change, line) => {
  expect(brokenPromises({ ...GOOD, ...change })).toEqual([line]);
});

test('a report without a story proves nothing', () => {
  expect(brokenPromises({ ...GOOD, story: [] })[0]).toMatch(/^the report is not as documented: /);
});
