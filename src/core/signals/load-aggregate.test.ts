import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addReports,
  drainLoad,
  EMPTY_LOAD,
  inFlightOf,
  type LoadBook,
  rebaseLoad,
  requestsOf,
  sightReporters,
} from './load-aggregate.ts';
import type { EndpointLoad, LoadReport } from './load-report.ts';

const V1 = 'default/fraud/v1';
const WATCHED = new Set([V1]);

function endpoint(port: number, load: Partial<EndpointLoad> = {}): EndpointLoad {
  const { successes = 0, errors = 0, inProgress = 0 } = load;
  const issued = successes + errors + inProgress;
  return { address: '10.0.0.1', port, issued, successes, errors, inProgress, metrics: {}, ...load };
}

function report(
  nodeId: string,
  at: number,
  endpoints: readonly EndpointLoad[] = [],
  cluster = V1,
): LoadReport {
  const clusters = endpoints.length > 0 ? [{ cluster, endpoints, dropped: 0 }] : [];
  return { nodeId, role: 'outbound', at, intervalMs: 1000, clusters };
}

function add(book: LoadBook, ...reports: readonly LoadReport[]): LoadBook {
  return addReports(book, reports, WATCHED, reports.at(-1)?.at ?? 0);
}

describe('addReports', () => {
  test('adds up what all callers saw of all endpoints', () => {
    const book = add(
      EMPTY_LOAD,
      report('a', 1000, [endpoint(1, { successes: 8, errors: 2 }), endpoint(2, { successes: 5 })]),
      report('b', 1000, [endpoint(1, { successes: 1, errors: 1 })]),
    );
    expect(requestsOf(book, V1)).toEqual({ requests: 17, failures: 3, abandoned: 0 });
  });

  test('a version without traffic is a zero while callers report', () => {
    const book = add(EMPTY_LOAD, report('a', 1000));
    expect(requestsOf(book, V1)).toEqual({ requests: 0, failures: 0, abandoned: 0 });
    expect(sightReporters(book, 1000).at).toBe(1000);
  });

  test('requests under way are those of the newest report of each fresh reporter', () => {
    const first = add(
      EMPTY_LOAD,
      report('a', 0, [endpoint(1, { inProgress: 7 })]),
      report('b', 0, [endpoint(1, { inProgress: 2 })]),
    );
    const book = add(first, report('a', 3000, [endpoint(1, { inProgress: 1 })]));
    expect(inFlightOf(book, [V1], 3000).get('10.0.0.1:1')).toBe(3);
    expect(inFlightOf(book, [V1], 3001).get('10.0.0.1:1')).toBe(1);
    expect(inFlightOf(add(book, report('a', 4000)), [V1], 4000).get('10.0.0.1:1') ?? 0).toBe(0);
  });

  test('inbound sidecars see the same requests a second time: they are no callers', () => {
    const seen = { ...report('a', 1000, [endpoint(1, { successes: 8 })]), role: 'inbound' as const };
    const book = add(EMPTY_LOAD, seen);
    expect(requestsOf(book, V1).requests).toBe(0);
    expect(sightReporters(book, 1000)).toEqual({ fresh: [], lost: [], at: undefined });
  });

  test('clusters that nobody watches are not kept', () => {
    const book = add(EMPTY_LOAD, report('a', 1000, [endpoint(1, { successes: 8 })], 'default/other/v1'));
    expect([...book.clusters.keys()]).toEqual([]);
    const watched = add(EMPTY_LOAD, report('a', 1000, [endpoint(1, { successes: 8 })]));
    expect([...addReports(watched, [], new Set(), 1000).clusters.keys()]).toEqual([]);
  });
});

describe('a reporter', () => {
  test('is lost after three intervals without a report, named for a minute, and then forgotten', () => {
    const book = add(EMPTY_LOAD, report('a', 0), report('b', 2000));
    expect(sightReporters(book, 3000)).toEqual({ fresh: ['a', 'b'], lost: [], at: 2000 });
    expect(sightReporters(book, 3001)).toEqual({ fresh: ['b'], lost: ['a'], at: 2000 });
    expect(addReports(book, [], WATCHED, 63_000).reporters.has('a')).toBe(true);
    expect(addReports(book, [], WATCHED, 63_001).reporters.has('a')).toBe(false);
  });

  test('an endpoint that no report names is forgotten', () => {
    const book = add(EMPTY_LOAD, report('a', 0, [endpoint(1, { successes: 1 })]));
    expect(addReports(book, [], WATCHED, 5 * 60_000).clusters.get(V1)?.size).toBe(1);
    expect(addReports(book, [], WATCHED, 5 * 60_000 + 1).clusters.get(V1)?.size).toBe(0);
  });
});

describe('what was told', () => {
  test('is not told again', () => {
    const book = drainLoad(add(EMPTY_LOAD, report('a', 1000, [endpoint(1, { successes: 8 })])), [V1], 1000);
    expect(requestsOf(book, V1).requests).toBe(0);
    expect(requestsOf(add(book, report('a', 2000, [endpoint(1, { successes: 3 })])), V1).requests).toBe(3);
  });

  test('by another source until now is not told by reports about that time', () => {
    const book = rebaseLoad(add(EMPTY_LOAD, report('a', 1000, [endpoint(1, { successes: 8 })])), [V1], 1500);
    const overlapping = add(book, report('a', 2000, [endpoint(1, { successes: 4 })]));
    expect(requestsOf(overlapping, V1).requests).toBe(0);
    expect(
      requestsOf(add(overlapping, report('a', 3000, [endpoint(1, { successes: 5 })])), V1).requests,
    ).toBe(5);
  });

  test('is all there is, however looks and reports follow each other', () => {
    const load = fc.record({
      node: fc.constantFrom('a', 'b'),
      port: fc.constantFrom(1, 2),
      successes: fc.nat(9),
      errors: fc.nat(9),
      look: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(load), (loads) => {
        let book = EMPTY_LOAD;
        let told = 0;
        loads.forEach(({ node, port, successes, errors, look }, index) => {
          book = add(book, report(node, index * 500, [endpoint(port, { successes, errors })]));
          if (!look) return;
          told += requestsOf(book, V1).requests;
          book = drainLoad(book, [V1], index * 500);
        });
        told += requestsOf(book, V1).requests;
        expect(told).toBe(loads.reduce((sum, { successes, errors }) => sum + successes + errors, 0));
      }),
    );
  });
});
