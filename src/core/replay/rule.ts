import type { HistogramCounts, RequestCounts, ServiceObservation } from '../observation/observation.ts';
import { addHistograms, quantileOf, totalCount } from '../stats/histogram.ts';

/** What a rule knows at a look: the candidate's increments since the look before. */
export interface RuleLook {
  readonly atMs: number;
  readonly requests: RequestCounts;
  /** Undefined where no latency was recorded. */
  readonly latencyMs: HistogramCounts | undefined;
}

/** Where a rule has come to. */
export interface RuleState {
  readonly outcome: 'under way' | 'rolled back' | 'promoted';
  /** The candidate's weight, of TOTAL_WEIGHT. */
  readonly weight: number;
  /** When the outcome was reached. */
  readonly endedAt: number | undefined;
  readonly message: string;
}

/** Another controller's rule, as its documentation describes it. */
export interface PeerRule<State extends RuleState> {
  readonly name: string;
  /** Its settings in words, and where they are from. */
  readonly settings: string;
  start(atMs: number): State;
  look(state: State, look: RuleLook): State;
}

/** Looks of the time that a rule's query covers. */
export type Window = readonly RuleLook[];

/** With a new look, and without those that are `lengthMs` old. */
export function slide(window: Window, look: RuleLook, lengthMs: number): Window {
  return [...window.filter(({ atMs }) => atMs > look.atMs - lengthMs), look];
}

/** The share of requests that did not fail; undefined without requests, where PromQL has no value either. */
export function successRate(window: Window): number | undefined {
  const requests = window.reduce((sum, look) => sum + look.requests.requests, 0);
  const failures = window.reduce((sum, look) => sum + look.requests.failures, 0);
  return requests === 0 ? undefined : 1 - failures / requests;
}

export function latencyQuantile(window: Window, quantile: number): number | undefined {
  let sum: HistogramCounts | undefined;
  for (const { latencyMs } of window) {
    if (latencyMs !== undefined && totalCount(latencyMs) > 0) sum = addHistograms(sum, latencyMs);
  }
  return sum === undefined ? undefined : quantileOf(sum, quantile);
}

export function lookOf(observation: ServiceObservation, candidate: string): RuleLook {
  const version = observation.versions.get(candidate);
  return {
    atMs: observation.at,
    requests: version?.requests.kind === 'value' ? version.requests.value : { requests: 0, failures: 0 },
    latencyMs: version?.latencyMs.kind === 'value' ? version.latencyMs.value : undefined,
  };
}
