import { describe, expect, it } from 'vitest';
import type { LatencyReport, LimitCounts } from './latency-report.ts';
import { addLimitCounts, EMPTY_LIMITS, limitLoadOf } from './limit-load.ts';

const PREFIXES = { limit: 'd/s/limits/a', offered: 'd/s/offered/a', admitted: 'd/s/admitted/a' };
const report = (
  at: number,
  limits: readonly LimitCounts[],
  over: Partial<LatencyReport> = {},
): LatencyReport => ({
  nodeId: 'n',
  role: 'inbound',
  at,
  clusters: [],
  limits,
  ...over,
});
const ahead = (seen: number, limited?: number): LimitCounts => ({
  prefix: PREFIXES.offered,
  seen,
  ...(limited === undefined ? {} : { limited }),
});
const behind = (seen: number, limited: number): LimitCounts => ({ prefix: PREFIXES.admitted, seen, limited });
const refused = (count: number): LimitCounts => ({ prefix: PREFIXES.limit, refused: count });

describe('what a limit counts in a sidecar', () => {
  it.each<[string, readonly LatencyReport[], unknown]>([
    [
      'is what the counter before it saw, less what it refused',
      [report(0, [ahead(9, 5), refused(0)]), report(2000, [ahead(99, 25), refused(6)])],
      { offeredPerSecond: 10, admittedPerSecond: 7 },
    ],
    [
      'is what the counter after it saw, and what it refused',
      [report(0, [behind(9, 5), refused(0)]), report(2000, [behind(99, 25), refused(6)])],
      { offeredPerSecond: 13, admittedPerSecond: 10 },
    ],
    [
      'is nothing where calls come by and none matches',
      [report(0, [ahead(9)]), report(2000, [ahead(99)])],
      { offeredPerSecond: 0, admittedPerSecond: 0 },
    ],
    [
      'may come in parts',
      [
        report(0, [ahead(9, 5)]),
        report(0, [refused(0)]),
        report(1000, [ahead(19, 15)]),
        report(1001, [refused(10)]),
      ],
      { offeredPerSecond: 10, admittedPerSecond: expect.closeTo(0, 1) },
    ],
    [
      'is told over the time since it was last told, however late it comes',
      [
        report(0, [ahead(0, 0)]),
        report(1000, [ahead(10, 10)]),
        report(3500, [ahead(20, 35)]),
        report(3501, [ahead(30, 36)]),
      ],
      { offeredPerSecond: 10, admittedPerSecond: 10 },
    ],
    [
      'begins anew with a sidecar that was restarted',
      [report(0, [ahead(0, 0)]), report(1000, [ahead(90, 90)]), report(2000, [ahead(4, 4)])],
      { offeredPerSecond: 0, admittedPerSecond: 0 },
    ],
    ['is not known where no filter counts', [report(0, [refused(3)])], undefined],
    ['is not what callers push', [report(0, [ahead(1, 1)], { role: 'outbound' })], undefined],
  ])('%s', (_, reports, expected) => {
    const book = reports.reduce((known, each) => addLimitCounts(known, [each], each.at), EMPTY_LIMITS);
    expect(limitLoadOf(book, 'n', PREFIXES, reports.at(-1)?.at ?? 0)).toEqual(expected);
  });

  it('is not known any more once its sidecar has been silent', () => {
    const book = addLimitCounts(EMPTY_LIMITS, [report(0, [ahead(1, 1)])], 0);
    expect(limitLoadOf(book, 'n', PREFIXES, 5000)).toBeDefined();
    expect(limitLoadOf(book, 'n', PREFIXES, 5001)).toBeUndefined();
  });
});
