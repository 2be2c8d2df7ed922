import { describe, expect, it } from 'vitest';
import type { LoadReport } from './load-report.ts';
import { tellsOfTrouble } from './trouble.ts';

/** A report of one cluster with these successes and errors at two endpoints. */
function report(successes: number, errors: number, role: LoadReport['role'] = 'outbound'): LoadReport {
  const endpoint = (ok: number, bad: number) => ({
    ...{ address: '127.0.0.1', port: 1, issued: ok + bad, inProgress: 0, metrics: {} },
    ...{ successes: ok, errors: bad },
  });
  const endpoints = [endpoint(successes, 0), endpoint(0, errors)];
  const clusters = [{ cluster: 'default/fraud/v1', endpoints, dropped: 0 }];
  return { nodeId: 'n', role, at: 0, intervalMs: 1000, clusters };
}

describe('a load report', () => {
  it.each<[string, LoadReport, boolean]>([
    ['of failures alone', report(0, 3), true],
    ['of a quarter that fails', report(30, 10), true],
    ['of fewer that fail', report(40, 10), false],
    ['of a failure or two', report(0, 2), false],
    ['of health', report(100, 0), false],
    ['of a sidecar in front of a model server', report(0, 50, 'inbound'), false],
  ])('%s hurries: %#', (_, given, hurries) => {
    expect(tellsOfTrouble(given)).toBe(hurries);
  });
});
