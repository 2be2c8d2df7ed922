import type { ServiceIr } from './ir.ts';

/** What the objects that tie a service of Istio's mesh to Penstock are made of. No decision touches it. */
export interface AnchorIr {
  /** With every slice that its rollout may use, and with a breaker whether the specs have one or not. */
  readonly service: ServiceIr;
  /** Gets all traffic where nothing is told. */
  readonly defaultVersion: string;
  /** In the order of the service's versions. */
  readonly workloads: readonly WorkloadIr[];
  /** Names of limits that may be in force together. */
  readonly limitSets: readonly (readonly string[])[];
  /** What the specs ask for and Istio's sidecars cannot be told; one line each. */
  readonly notices: readonly string[];
}

/** The pods of one version. */
export interface WorkloadIr {
  readonly version: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The port that the pods listen on; undefined: known by its name only, so every port is meant. */
  readonly port: number | undefined;
}
