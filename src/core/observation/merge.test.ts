import { describe, expect, it } from 'vitest';
import { mergeObservations } from './merge.ts';
import type { ServiceObservation, VersionObservation } from './observation.ts';
import type { Reading } from './reading.ts';

const value = <T>(of: T, at = 1): Reading<T> => ({ kind: 'value', value: of, at });
const missing: Reading<never> = { kind: 'missing', detail: 'no series' };
const histogram = (bounds: number[], counts: number[]) => value({ bounds, counts });

const version = (over: Partial<VersionObservation>): VersionObservation => ({
  requests: missing,
  latencyMs: missing,
  scores: missing,
  endpoints: [],
  sources: { requests: 'load reports', latencyMs: '', scores: '' },
  ...over,
});
const observed = (of: Partial<VersionObservation>, at = 1): ServiceObservation => ({
  service: 'default/fraud',
  at,
  versions: new Map([['v1', version(of)]]),
  queries: new Map(),
});
const merged = (a: Partial<VersionObservation>, b: Partial<VersionObservation>) =>
  mergeObservations(observed(a), observed(b, 2)).versions.get('v1');

describe('merging observations', () => {
  it('sums requests and failures', () => {
    const result = merged(
      { requests: value({ requests: 3, failures: 1 }) },
      { requests: value({ requests: 4, failures: 2 }, 2) },
    );
    expect(result?.requests).toEqual(value({ requests: 7, failures: 3 }, 2));
  });
  it('sums histograms of equal bounds', () =>
    expect(merged({ scores: histogram([1], [1, 2]) }, { scores: histogram([1], [3, 4]) })?.scores).toEqual(
      histogram([1], [4, 6]),
    ));
  it('takes the later histogram when the bounds changed', () =>
    expect(merged({ scores: histogram([1], [1, 2]) }, { scores: histogram([2], [3, 4]) })?.scores).toEqual(
      histogram([2], [3, 4]),
    ));
  it('does not hide that data went missing', () =>
    expect(merged({ requests: value({ requests: 3, failures: 1 }) }, {})?.requests).toEqual(missing));
  it('sums what one endpoint got', () => {
    const endpoint = (requests: number) => ({
      address: 'a:1',
      requests: value({ requests, failures: 0 }),
      inFlight: value(requests),
      utilization: missing,
      queue: missing,
      latencyMs: missing,
    });
    const result = merged({ endpoints: [endpoint(1)] }, { endpoints: [endpoint(2)] });
    expect(result?.endpoints[0]).toMatchObject({
      requests: value({ requests: 3, failures: 0 }),
      inFlight: value(2),
    });
  });
});
