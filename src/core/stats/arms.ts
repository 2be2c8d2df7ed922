import type { RequestCounts } from '../observation/observation.ts';

/** What the two versions did between two looks. */
export interface ArmCounts {
  readonly candidate: RequestCounts;
  readonly stable: RequestCounts;
}

export const NO_REQUESTS: RequestCounts = { requests: 0, failures: 0 };

/** Sum of two counts. */
export function addCounts(a: RequestCounts, b: RequestCounts): RequestCounts {
  return { requests: a.requests + b.requests, failures: a.failures + b.failures };
}

/** Failures per request, 0 without requests. */
export function failureRate(counts: RequestCounts): number {
  return counts.requests > 0 ? counts.failures / counts.requests : 0;
}
