import { describe, expect, it } from 'vitest';
import { addInboundReports, EMPTY_INBOUND, servedPerSecond } from './inbound-load.ts';
import type { LoadReport } from './load-report.ts';

const report = (at: number, ended: number, over: Partial<LoadReport> = {}): LoadReport => ({
  nodeId: 'a',
  role: 'inbound',
  at,
  intervalMs: 1000,
  clusters: [
    {
      cluster: 'inbound/default/fraud/v1@9001',
      endpoints: [
        {
          address: '127.0.0.1',
          port: 9001,
          issued: ended,
          successes: ended,
          errors: 0,
          inProgress: 0,
          metrics: {},
        },
      ],
      dropped: 0,
    },
  ],
  ...over,
});

/** A report over a time that its sidecar measured. */
const measured = (ended: number, spanMs: number): Partial<LoadReport> => ({
  clusters: report(0, ended).clusters.map((cluster) => ({ ...cluster, spanMs })),
});

describe('what an inbound sidecar lets through', () => {
  it.each([
    ['is counted by the time between its reports', [report(1000, 10), report(2500, 30)], 20],
    ['is counted by the interval where the time is not believable', [report(1000, 10), report(9000, 30)], 30],
    [
      'is counted by the time that the sidecar measured',
      [report(1000, 10), report(2500, 30, measured(30, 2000))],
      15,
    ],
    ['is zero with a report that names no cluster', [report(1000, 10), report(2000, 0, { clusters: [] })], 0],
    ['is not what callers report', [report(1000, 10, { role: 'outbound' })], undefined],
  ])('%s', (_, reports, expected) => {
    const book = reports.reduce((known, each) => addInboundReports(known, [each], each.at), EMPTY_INBOUND);
    expect(servedPerSecond(book, 'a', reports.at(-1)?.at ?? 0)).toBe(expected);
  });
  it('is not known any more after three reports that did not come', () => {
    const book = addInboundReports(EMPTY_INBOUND, [report(1000, 10)], 1000);
    expect(servedPerSecond(book, 'a', 4000)).toBe(10);
    expect(servedPerSecond(book, 'a', 4001)).toBeUndefined();
  });
});
