import { readSpecs } from '../../src/core/api/read-specs.ts';
import { servedVersion } from '../../src/core/decide/decide-fixture.ts';
import { decideService } from '../../src/core/decide/decide-service.ts';
import { NEW_SERVICE_STATE, type ServiceState } from '../../src/core/decide/service-look.ts';
import { indexSpecs } from '../../src/core/decide/spec-index.ts';
import { forecastDemand } from '../../src/core/policy/capacity/forecast-demand.ts';
import { offeredAt } from './day.ts';

/** What a second brought a pod. */
export interface PodSecond {
  readonly address: string;
  readonly requests: number;
  readonly failures: number;
  /** Share of its processor. */
  readonly cpu: number;
}

/** What an autoscaler divides by. */
export interface Metric {
  readonly name: string;
  /** A second more is known. @param second since midnight */
  observe(second: number, pods: readonly PodSecond[]): void;
  /** The metric to its target, as of the pods that there are; undefined: it is absent. */
  ratio(replicas: number): number | undefined;
  /** Weights of the pods, where it has them. */
  factor(address: string): number;
}

export const PER_POD = 500;
const AHEAD_SECONDS = 600;

/** Mean processor of the pods, over half a minute that ended a quarter ago: metrics-server and kubelet. Steps of 3 s. */
export class CpuMetric implements Metric {
  readonly name = 'HPA on CPU';
  readonly #target: number;
  #seen: number[] = [];

  /** @param target share that a pod at its rate has */
  constructor(target: number) {
    this.#target = target;
  }

  observe(_: number, pods: readonly PodSecond[]): void {
    this.#seen.push(pods.reduce((sum, { cpu }) => sum + cpu, 0) / Math.max(1, pods.length));
    this.#seen = this.#seen.slice(-15);
  }

  ratio(): number | undefined {
    const window = this.#seen.slice(0, 10);
    return window.reduce((sum, each) => sum + each, 0) / Math.max(1, window.length) / this.#target;
  }

  factor(): number {
    return 1;
  }
}

/** Requests that the pods serve, over a minute, as a Prometheus adapter tells it: `rate(…[1m])` of what succeeded. */
export class ServedMetric implements Metric {
  readonly name = 'HPA on requests served';
  #seen: number[] = [];

  observe(_: number, pods: readonly PodSecond[]): void {
    this.#seen.push(pods.reduce((sum, { requests, failures }) => sum + requests - failures, 0));
    this.#seen = this.#seen.slice(-20);
  }

  ratio(replicas: number): number | undefined {
    return this.#seen.reduce((sum, each) => sum + each, 0) / (3 * this.#seen.length) / (PER_POD * replicas);
  }

  factor(): number {
    return 1;
  }
}

/** What Penstock tells: its own decisions, look by look, on what sidecars would report. */
export class DemandMetric implements Metric {
  readonly name: string;
  readonly #forecast: boolean;
  readonly #specs = indexSpecs(readSpecs([{ file: 'tide.yaml', text: SPECS }]).objects);
  #state: ServiceState = NEW_SERVICE_STATE;
  #factors: ReadonlyMap<string, number> = new Map();
  #perSecond: number | undefined;

  constructor(forecast: boolean) {
    this.#forecast = forecast;
    this.name = forecast ? 'HPA on Penstock’s demand, with forecast' : 'HPA on Penstock’s demand';
  }

  observe(second: number, pods: readonly PodSecond[]): void {
    const nowMs = 1_700_000_000_000 + 1000 * second;
    const version = servedVersion(pods, nowMs);
    const observation = {
      service: 'default/tide',
      at: nowMs,
      versions: new Map([['v1', version]]),
      queries: new Map(),
    };
    const service = this.#specs.services.get('default/tide');
    if (service === undefined) throw new Error('no service');
    const outcome = decideService({
      service,
      rollout: undefined,
      policy: this.#specs.policies.get('default/tide'),
      observation,
      rolloutObservation: undefined,
      endpoints: new Map([['v1', pods.map(({ address }) => address)]]),
      inbound: [],
      forecastPerSecond: this.#forecast ? forecastAt(second) : undefined,
      acknowledged: { revision: 0, connected: 1, laggards: [] },
      commands: [],
      answers: new Map(),
      frozen: false,
      state: this.#state,
      nowMs,
    });
    this.#state = outcome.state;
    this.#factors = outcome.decisions.endpointFactors.get('v1') ?? new Map();
    this.#perSecond = outcome.demand.versions.get('v1')?.requestsPerSecond;
  }

  ratio(replicas: number): number | undefined {
    return this.#perSecond === undefined ? undefined : this.#perSecond / (PER_POD * replicas);
  }

  factor(address: string): number {
    return this.#factors.get(address) ?? 1;
  }
}

/** By a week of days that were each a little different, not at the same minute and not of the same height. */
function forecastAt(second: number): number | undefined {
  const past = [-420, 300, -120, 240, -300, 60, 180].map((late, day) => {
    const height = 0.9 + 0.03 * day;
    const at = (when: number) => height * offeredAt(Math.min(86_399, Math.max(0, when - late)));
    return seasonOf(at(second), at(second + AHEAD_SECONDS));
  });
  return forecastDemand(offeredAt(second), past);
}

const seasonOf = (then: number, ahead: number) => ({ then, ahead });

const SPECS = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: tide}
spec:
  port: 9000
  loadBalancing: {policy: LeastRequest, slowStart: 30s}
  versions:
  - {name: v1, endpoints: {kubernetes: {selector: {app: tide}}}}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: tide}
spec:
  targetRef: {name: tide}
  balancing: {}
  scaling: {requestsPerSecondPerReplica: ${PER_POD}, minReplicas: 2, maxReplicas: 20}
`;
