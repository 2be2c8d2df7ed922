import { ApiError } from '../../kubernetes/api-error.ts';

const AGAIN_AFTER_MS = 1000;

/**
 * Tries until it works: a cluster that does not answer yet is waited for.
 * @throws when the API server says no for good
 */
export async function patiently<T>(
  attempt: () => Promise<T>,
  onFailure: (error: unknown) => void,
): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      onFailure(error);
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
    }
  }
}
