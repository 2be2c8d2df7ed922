import { NO_DECISIONS, type ServiceDecisions } from '../core/assemble/decisions.ts';
import type { SpecIndex } from '../core/decide/spec-index.ts';

/** The specs' static values: of a global limit that is each sidecar's part of the static rate. */
export function baselineOf(
  decisions: ReadonlyMap<string, ServiceDecisions>,
  specs: SpecIndex,
): ReadonlyMap<string, ServiceDecisions> {
  return new Map(
    [...decisions].map(([id, { limitShares }]) => {
      const limits = specs.policies.get(id)?.spec.rateLimits ?? [];
      const fixed = new Set(limits.filter((each) => !('adaptive' in each)).map(({ name }) => name));
      const kept = new Map([...limitShares].filter(([name]) => fixed.has(name)));
      return [id, { ...NO_DECISIONS, limitShares: kept }];
    }),
  );
}
