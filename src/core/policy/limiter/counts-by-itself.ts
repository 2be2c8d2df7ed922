import type { RateLimitPolicy } from '../../api/traffic-policy.ts';

/** Whether what is decided of a limit goes by the calls that it matches, and not by all calls of the service. */
export function countsByItself(limit: RateLimitPolicy): boolean {
  return limit.match.length > 0 && (limit.global || 'adaptive' in limit);
}
