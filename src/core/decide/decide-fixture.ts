import type { EndpointObservation, RequestCounts, VersionObservation } from '../observation/observation.ts';
import type { Reading } from '../observation/reading.ts';

const missing: Reading<never> = { kind: 'missing', detail: 'not told' };

interface ServedEndpoint extends RequestCounts {
  readonly address: string;
  readonly queue?: number;
}

/** A version of which callers' sidecars report these endpoints. */
export function servedVersion(endpoints: readonly ServedEndpoint[], at: number): VersionObservation {
  const value = <T>(given: T): Reading<T> => ({ kind: 'value', value: given, at });
  const sum = (of: (each: ServedEndpoint) => number) =>
    endpoints.reduce((total, each) => total + of(each), 0);
  return {
    requests: value({
      requests: sum(({ requests }) => requests),
      failures: sum(({ failures }) => failures),
      abandoned: sum(({ abandoned = 0 }) => abandoned),
    }),
    latencyMs: missing,
    scores: missing,
    endpoints: endpoints.map(
      ({ address, queue, requests, failures }): EndpointObservation => ({
        address,
        requests: value({ requests, failures }),
        inFlight: value(0),
        utilization: missing,
        queue: queue === undefined ? missing : value(queue),
        latencyMs: missing,
      }),
    ),
    sources: { requests: 'load reports', latencyMs: '', scores: '' },
  };
}
