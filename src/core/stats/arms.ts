import type { RequestCounts } from '../observation/observation.ts';

/** What the two versions did between two looks. */
export interface ArmCounts {
  readonly candidate: RequestCounts;
  readonly stable: RequestCounts;
}

export const NO_REQUESTS: RequestCounts = { requests: 0, failures: 0 };

/** Sum of two counts; what was abandoned is known when either tells it. */
export function addCounts(a: RequestCounts, b: RequestCounts): RequestCounts {
  const sum = { requests: a.requests + b.requests, failures: a.failures + b.failures };
  if (a.abandoned === undefined && b.abandoned === undefined) return sum;
  return { ...sum, abandoned: (a.abandoned ?? 0) + (b.abandoned ?? 0) };
}

/** The same calls by another question: how many of all that were begun ended without an answer. */
export function abandonedOf({ requests, abandoned = 0 }: RequestCounts): RequestCounts {
  return { requests: requests + abandoned, failures: abandoned };
}

/** Failures per request, 0 without requests. */
export function failureRate(counts: RequestCounts): number {
  return counts.requests > 0 ? counts.failures / counts.requests : 0;
}
