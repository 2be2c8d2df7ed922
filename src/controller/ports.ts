import type { MetricTemplate } from '../core/api/metric-template.ts';
import type { ModelRollout } from '../core/api/model-rollout.ts';
import type { ModelService } from '../core/api/model-service.ts';
import type { TrafficPolicy } from '../core/api/traffic-policy.ts';
import type { DiscoveredEndpoint } from '../core/assemble/assemble-endpoints.ts';
import type { Question } from '../core/decide/confirmation.ts';
import type { ScaledWorkload } from '../core/decide/service-look.ts';
import type { ServiceIr } from '../core/ir/ir.ts';
import type { LimitLoad } from '../core/observation/inbound.ts';
import type { ServiceObservation } from '../core/observation/observation.ts';
import type { Answer } from '../core/policy/rollout/decision.ts';
import type { ReplicaTarget } from '../core/policy/workload/decision.ts';
import type { DecisionRecord } from '../core/status/status.ts';

/** What the loop needs of the signals. */
export interface SignalSource {
  /** These are observed from now on. */
  watch(
    services: readonly ModelService[],
    rollouts: readonly ModelRollout[],
    templates: readonly MetricTemplate[],
    policies: readonly TrafficPolicy[],
  ): void;
  /** Increments since the previous call for this service; never waits. */
  observe(service: ModelService, nowMs: number): ServiceObservation;
  /** Requests a second that an inbound sidecar lets through; undefined: not known. */
  servedBy(nodeId: string, nowMs: number): number | undefined;
  /** What a limit has to do in an inbound sidecar, where it counts by itself; undefined: not known. */
  limitLoad(service: string, limit: string, nodeId: string, nowMs: number): LimitLoad | undefined;
  /** Requests a second that the clients of a service will offer soon; undefined: no forecast. */
  forecastOf(service: string, nowMs: number): number | undefined;
}

/** What the loop needs of the discovery of endpoints that no spec writes down. */
export interface EndpointSource {
  watch(services: readonly ModelService[], onChange: () => void): void;
  /** By version; empty for versions of which nothing is known yet. */
  endpointsOf(service: ModelService): ReadonlyMap<string, readonly DiscoveredEndpoint[]>;
}

/** What the loop needs of those who scale the workloads of versions. */
export interface WorkloadSource {
  /** What is known of the workloads that the versions name, by version. */
  of(service: ModelService): ReadonlyMap<string, ScaledWorkload>;
  /** Has these versions scaled, and no others of the service; never waits. */
  scale(service: ModelService, targets: ReadonlyMap<string, ReplicaTarget>): void;
}

/** What the loop needs of the xDS server's streams. */
export interface InboundSource {
  /** Connected sidecars in front of the model servers of a service, `NAMESPACE/NAME`. */
  of(service: string): readonly {
    readonly id: string;
    readonly address: string;
    /** Whether it has its shares of limits, as another replica says that serves it; undefined: it is ours. */
    readonly acknowledged?: boolean;
  }[];
}

/** What the loop needs to know of sidecars of Istio's. */
export interface AnchorSource {
  /** These services are published from now on. */
  follow(services: ReadonlyMap<string, ServiceIr>, nowMs: number): void;
  /** By node id: the sidecars that acknowledge the weights of a service and do not follow them, one line each. */
  of(service: string): ReadonlyMap<string, string>;
}

/** What the loop needs of those who are asked before a rollout goes on. */
export interface Confirmer {
  /** What a service's rollout asks at this look, and nothing else; never waits. */
  ask(service: string, questions: readonly Question[], nowMs: number): void;
  /** The answers so far to what is asked of a service, by key. */
  answers(service: string): ReadonlyMap<string, Answer>;
  /** What receivers said since the last call; `rollout` is `NAMESPACE/NAME`. */
  news(): readonly {
    readonly rollout: string;
    readonly receiver: string;
    readonly answer: Answer | undefined;
    readonly message: string;
  }[];
}

/** What the loop needs of the embedded database. */
export interface StateSaver {
  save(changes: ReadonlyMap<string, unknown>, records: readonly DecisionRecord[], nowMs: number): void;
  acknowledge(id: number, acknowledged: NonNullable<DecisionRecord['acknowledged']>): void;
}

/** Told of what people should know; one line each. */
export interface ControllerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
