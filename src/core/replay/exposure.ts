import type { ServiceObservation } from '../observation/observation.ts';

/** What was counted of a service between two looks, whatever any rule says of it. */
export interface RecordedCounts {
  /** Of all versions. */
  readonly requests: number;
  readonly candidate: { readonly requests: number; readonly failures: number };
}

/** A time during which a rule gives the candidate one weight. */
interface Segment extends RecordedCounts {
  /** Of TOTAL_WEIGHT. */
  readonly weight: number;
}

/** Whom a rule exposes to the candidate, in stretches of equal weight. */
export type Exposure = readonly Segment[];

/** What a candidate cost until it was out of traffic, or the recording ended. */
export interface Cost {
  /** As it was recorded: with the recorded split. */
  readonly recorded: { readonly requests: number; readonly failures: number };
  /**
   * Recorded requests of all versions times the rule's own weight, and of those as many failed as of the
   * candidate's recorded ones in the same stretch. Undefined where the candidate had none to tell by.
   */
  readonly estimated: { readonly requests: number; readonly failures: number } | undefined;
}

const HUNDRED_PERCENT = 10_000;

/** Counts of one look; a version that was not seen counts nothing. */
export function countsOf(observation: ServiceObservation, candidate: string): RecordedCounts {
  let requests = 0;
  for (const version of observation.versions.values()) {
    if (version.requests.kind === 'value') requests += version.requests.value.requests;
  }
  const seen = observation.versions.get(candidate)?.requests;
  const counts = seen?.kind === 'value' ? seen.value : { requests: 0, failures: 0 };
  return { requests, candidate: { requests: counts.requests, failures: counts.failures } };
}

/** Adds a look during which the rule gave the candidate a weight. */
export function expose(exposure: Exposure, weight: number, counts: RecordedCounts): Exposure {
  const last = exposure.at(-1);
  if (last?.weight !== weight) return [...exposure, { weight, ...counts }];
  const sum = {
    weight,
    requests: last.requests + counts.requests,
    candidate: {
      requests: last.candidate.requests + counts.candidate.requests,
      failures: last.candidate.failures + counts.candidate.failures,
    },
  };
  return [...exposure.slice(0, -1), sum];
}

export function costOf(exposure: Exposure): Cost {
  const shown = exposure.filter(({ weight }) => weight > 0);
  const recorded = { requests: 0, failures: 0 };
  const estimated = { requests: 0, failures: 0 };
  let known = true;
  for (const { weight, requests, candidate } of shown) {
    recorded.requests += candidate.requests;
    recorded.failures += candidate.failures;
    const share = (requests * weight) / HUNDRED_PERCENT;
    estimated.requests += share;
    if (candidate.requests > 0) estimated.failures += (share * candidate.failures) / candidate.requests;
    else if (share > 0) known = false;
  }
  return { recorded, estimated: known ? estimated : undefined };
}
