import type { WeightIr } from '../ir/ir.ts';
import type { SliceTraffic } from '../policy/rollout/decision.ts';

/** What the policies decided for one service; everything undefined or empty leaves the spec's static value. */
export interface ServiceDecisions {
  /** Every version, sum TOTAL_WEIGHT; undefined: all to the default version. */
  readonly weights: readonly WeightIr[] | undefined;
  /** Parts of the requests with weights of their own, tried in order; `weights` is for the rest. */
  readonly slices: readonly SliceTraffic[];
  /** Mixed into the users' hash. */
  readonly salt: string;
  /** A copy of the traffic to a version, in place of the spec's. */
  readonly mirror: { readonly version: string; readonly percent: number } | undefined;
  /** Share that the breaker admits, hundredths of a percent; undefined: all. */
  readonly admitted: number | undefined;
  /** Factors in (0, 1] by version and `ADDRESS:PORT`; a missing one is 1. */
  readonly endpointFactors: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** By version, the share of its traffic that its second tier has although the first is well; a missing one is 0. */
  readonly overflow: ReadonlyMap<string, number>;
  /** Rates of adaptive limits by name. */
  readonly limitRates: ReadonlyMap<string, number>;
  /** Shares of global limits by name, requests a second by the node id of the inbound sidecar. */
  readonly limitShares: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

/** Nothing was decided: the specs' static values. */
export const NO_DECISIONS: ServiceDecisions = {
  weights: undefined,
  slices: [],
  salt: '',
  mirror: undefined,
  admitted: undefined,
  endpointFactors: new Map(),
  overflow: new Map(),
  limitRates: new Map(),
  limitShares: new Map(),
};
