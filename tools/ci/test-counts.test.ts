import { expect, test } from 'vitest';
import { countTests } from './test-counts.ts';

const file = (status: string, tests: number) => ({ status, assertionResults: Array(tests).fill({}) });
const run = (numPassedTests: number, numFailedTests: number, ...testResults: readonly object[]) => ({
  numPassedTests,
  numFailedTests,
  testResults,
});

test.each([
  ['all pass', run(3, 0, file('passed', 3)), 0, { passed: 3, failed: 0 }],
  ['some fail', run(2, 1, file('failed', 3)), 1, { passed: 2, failed: 1 }],
  ['a file cannot be loaded', run(3, 0, file('passed', 3), file('failed', 0)), 1, { passed: 3, failed: 1 }],
  ['the run fails beside its tests', run(3, 0, file('passed', 3)), 1, { passed: 3, failed: 1 }],
  ['no test ran', run(0, 0), 0, { passed: 0, failed: 1 }],
  ['there is no report', undefined, 0, { passed: 0, failed: 1 }],
])('%s', (_case, json, exitCode, counts) => {
  expect(countTests(json, exitCode)).toEqual(counts);
});
