import type { LoadReport } from './load-report.ts';

/** Fewer failures of a cluster in one report are no reason to hurry. */
const LEAST_FAILURES = 3;
/** Nor is a smaller part of what ended. */
const LEAST_SHARE = 0.25;

/** Whether a caller's sidecar tells of so many failures that a look should not wait for its time. */
export function tellsOfTrouble({ role, clusters }: LoadReport): boolean {
  if (role === 'inbound') return false;
  return clusters.some(({ endpoints }) => {
    const errors = endpoints.reduce((sum, each) => sum + each.errors, 0);
    const successes = endpoints.reduce((sum, each) => sum + each.successes, 0);
    return isTrouble(errors, errors + successes);
  });
}

/** Whether so many failures of so many requests should not wait for the time of a look. */
export function isTrouble(failures: number, requests: number): boolean {
  return failures >= LEAST_FAILURES && failures >= LEAST_SHARE * requests;
}
