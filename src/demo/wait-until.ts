/** A condition did not come true in time; the message says which. */
class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/**
 * Waits for a condition, asked again every `everyMs`. A condition that throws counts as not yet true, and
 * what it threw last is part of the message when time is up.
 * @returns the first value that is neither undefined nor false
 */
export async function waitUntil<T>(
  what: string,
  condition: () => T | Promise<T>,
  { timeoutMs = 30_000, everyMs = 50 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<Exclude<Awaited<T>, undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  let lastError = '';
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value as Exclude<Awaited<T>, undefined | false>;
      lastError = '';
    } catch (error) {
      lastError = `; last: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() > deadline) {
      throw new TimedOut(`${what}: not within ${timeoutMs / 1000} s${lastError}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
