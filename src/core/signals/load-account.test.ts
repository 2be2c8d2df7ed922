import { describe, expect, test } from 'vitest';
import { settleAccounts } from './load-account.ts';
import type { LoadReport } from './load-report.ts';

type Load = readonly [issued: number, successes: number, errors: number, inProgress: number];

/** One report a second (or at the given times) of one endpoint; `undefined` leaves the cluster out. */
function abandonedBy(loads: readonly (Load | undefined)[], times = loads.map((_, i) => i * 1000)): number[] {
  let reporter: ReturnType<typeof settleAccounts>['reporter'] | undefined;
  return loads.map((load, index) => {
    const settled = settleAccounts(reporter, reportOf(load, times[index] ?? 0));
    reporter = settled.reporter;
    return settled.abandoned.reduce((sum, { count }) => sum + count, 0);
  });
}

function reportOf(load: Load | undefined, at: number): LoadReport {
  const [issued, successes, errors, inProgress] = load ?? [0, 0, 0, 0];
  const endpoint = { address: '10.0.0.1', port: 80, issued, successes, errors, inProgress, metrics: {} };
  const clusters = load ? [{ cluster: 'default/fraud/v1', endpoints: [endpoint], dropped: 0 }] : [];
  return { nodeId: 'a', role: 'outbound', at, intervalMs: 1000, clusters };
}

describe('settleAccounts', () => {
  test.each<[name: string, loads: readonly (Load | undefined)[], abandoned: readonly number[]]>([
    ['all answered', [undefined, [10, 10, 0, 0], [10, 8, 2, 0], undefined], [0, 0, 0, 0]],
    [
      'slow, but under way',
      [undefined, [10, 0, 0, 10], [0, 0, 0, 10], [0, 9, 1, 0], undefined],
      [0, 0, 0, 0, 0],
    ],
    [
      'given up, told once, a report later',
      [undefined, [10, 2, 0, 3], [0, 3, 0, 0], undefined, undefined],
      [0, 0, 5, 0, 0],
    ],
    [
      'under way, then given up',
      [undefined, [10, 0, 0, 10], undefined, undefined, undefined],
      [0, 0, 0, 10, 0],
    ],
    [
      'one that is between two counters is not given up',
      [undefined, [10, 9, 0, 0], [10, 11, 0, 0], [10, 9, 0, 0], [0, 1, 0, 0], undefined],
      [0, 0, 0, 0, 0, 0],
    ],
    ['what was under way before the first report', [[3, 8, 0, 2], [0, 2, 0, 0], undefined], [0, 0, 0]],
  ])('%s', (_, loads, abandoned) => {
    expect(abandonedBy(loads)).toEqual(abandoned);
  });

  test('a gap between reports hides what happened: accounts begin anew', () => {
    expect(abandonedBy([undefined, [10, 0, 0, 10], undefined, undefined], [0, 1000, 2500, 3500])).toEqual([
      0, 0, 0, 0,
    ]);
  });

  test('on one stream a late report is only late, and on a new one nothing is known of before', () => {
    const first = settleAccounts(undefined, { ...reportOf(undefined, 0), firstOfStream: true }).reporter;
    const busy = settleAccounts(first, { ...reportOf([10, 0, 0, 10], 1000), firstOfStream: false }).reporter;
    for (const [firstOfStream, abandoned] of [
      [false, 10],
      [true, 0],
    ] as const) {
      const next = settleAccounts(busy, { ...reportOf(undefined, 2700), firstOfStream }).reporter;
      const last = settleAccounts(next, { ...reportOf(undefined, 3700), firstOfStream: false });
      expect(last.abandoned.reduce((sum, { count }) => sum + count, 0)).toBe(abandoned);
    }
  });

  test('a balanced account is not kept', () => {
    const first = settleAccounts(undefined, reportOf(undefined, 0)).reporter;
    const busy = settleAccounts(first, reportOf([10, 0, 0, 10], 1000)).reporter;
    expect(busy.accounts.size).toBe(1);
    expect(settleAccounts(busy, reportOf([0, 10, 0, 0], 2000)).reporter.accounts.size).toBe(0);
  });
});
