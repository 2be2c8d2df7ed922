import type { BalancingPolicy } from '../../api/traffic-policy.ts';
import type { EndpointObservation } from '../../observation/observation.ts';
import type { Cusum } from '../../stats/cusum.ts';

/** What is remembered of one endpoint: a plain value. */
export interface EndpointMemory {
  /** Natural log of its weight against the fair share, in parts: for its errors, its load, its latency. */
  readonly errorLog: number;
  readonly loadLog: number;
  readonly latencyLog: number;
  /** Fading sums, over tens of seconds. */
  readonly requests: number;
  readonly failures: number;
  /** Failures above what is usual in the fleet, since they began. */
  readonly run: Cusum;
  /** Calls without an answer, since most of them had none. */
  readonly hung: Cusum;
  /** Fading sums, over seconds: requests whose latency is known, and their latencies together. */
  readonly timed: number;
  readonly latencyTotalMs: number;
  /** Smoothed figures of the model server; undefined until seen. */
  readonly utilization: number | undefined;
  readonly queue: number | undefined;
  /** How long nothing was known of it. */
  readonly blindMs: number;
  /** It was said to be derated, and not yet that it is back. */
  readonly derated: boolean;
}

export interface BalanceState {
  /** Time of the previous look. */
  readonly lastMs: number;
  /** By `ADDRESS:PORT`. */
  readonly endpoints: Readonly<Record<string, EndpointMemory>>;
  /** The factors that were last handed out, by `ADDRESS:PORT`. */
  readonly published: Readonly<Record<string, number>>;
}

export interface BalanceInput {
  readonly spec: BalancingPolicy;
  /** `ADDRESS:PORT` of a version's endpoints that exist now. */
  readonly endpoints: readonly string[];
  readonly observation: readonly EndpointObservation[];
  readonly state: BalanceState | undefined;
  /** The kill switch: nothing is changed. */
  readonly frozen: boolean;
  readonly nowMs: number;
}

export interface BalanceEvent {
  readonly atMs: number;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Why an endpoint has its factor; plain JSON. */
export interface EndpointEvidence {
  readonly address: string;
  readonly factor: number;
  /** What the law would give it at once, against the best endpoint. */
  readonly target: number;
  readonly errorRate: number;
  readonly load: number | undefined;
  readonly latencyRatio: number | undefined;
  readonly message: string;
}

export interface BalanceDecision {
  readonly state: BalanceState;
  /** Derating in (0, 1] by `ADDRESS:PORT`, the best one 1; empty in shadow mode. */
  readonly factors: ReadonlyMap<string, number>;
  readonly events: readonly BalanceEvent[];
  readonly evidence: readonly EndpointEvidence[];
}
