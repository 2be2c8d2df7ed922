import type { SpecIndex } from '../core/decide/spec-index.ts';
import type { ServeOptions } from './serve-options.ts';

/** A policy falls back to cached answers, and nobody said where they are kept: told with the specs, not in an outage. */
export function warnOfMissingCache(
  { policies }: SpecIndex,
  { fallbackCache }: ServeOptions,
  log: { warn(fields: object, message: string): void },
): void {
  if (fallbackCache !== undefined) return;
  for (const [service, { spec }] of policies)
    if (spec.breaker?.fallback.cached !== undefined)
      log.warn({ service }, 'its cached fallback answers UNAVAILABLE: give --fallback-cache HOST:PORT');
}
