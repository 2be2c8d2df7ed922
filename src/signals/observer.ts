import type { MetricTemplate } from '../core/api/metric-template.ts';
import type { ModelRollout } from '../core/api/model-rollout.ts';
import type { ModelService } from '../core/api/model-service.ts';
import type { TrafficPolicy } from '../core/api/traffic-policy.ts';
import type { LimitLoad } from '../core/observation/inbound.ts';
import type {
  EndpointObservation,
  ServiceObservation,
  VersionObservation,
} from '../core/observation/observation.ts';
import type { Reading } from '../core/observation/reading.ts';
import { gateQuestions } from '../core/signals/gate.ts';
import {
  addInboundReports,
  EMPTY_INBOUND,
  type InboundBook,
  servedPerSecond,
} from '../core/signals/inbound-load.ts';
import { ownNames, underOwnNames } from '../core/signals/istio-clusters.ts';
import type { LatencyReport } from '../core/signals/latency-report.ts';
import {
  addReports,
  drainLoad,
  EMPTY_LOAD,
  type LoadBook,
  type ReporterSight,
  rebaseLoad,
  sightReporters,
} from '../core/signals/load-aggregate.ts';
import { describeReporters, loadClustersOf, readEndpoints, readLoad } from '../core/signals/load-reading.ts';
import type { LoadReport } from '../core/signals/load-report.ts';
import { clusterOf } from '../core/signals/service-series.ts';
import { readVersions, type SeriesObservation } from '../core/signals/versions.ts';
import { EndpointLatencies } from './endpoint-latencies.ts';
import { ForecastWatch } from './forecast-watch.ts';
import { GateWatch } from './gate-watch.ts';
import { LimitLoads } from './limit-loads.ts';
import { type LimitFlow, LimitWatch } from './limit-watch.ts';
import type { PrometheusClient } from './prometheus/client.ts';
import { type PrometheusHealth, PrometheusLink } from './prometheus-link.ts';
import { PushedWatch } from './pushed-watch.ts';
import { Schedule, type Task } from './schedule.ts';
import { nameOf, SeriesWatch } from './series-watch.ts';

export interface ObserverOptions {
  /** None: load reports alone. */
  readonly prometheus: PrometheusClient | undefined;
  /** Shortest time between two looks at the same series, ms. */
  readonly pollMs?: number;
  /** Questions to Prometheus at once. */
  readonly concurrency?: number;
}

export interface SignalHealth {
  /** Undefined where none is configured. */
  readonly prometheus: PrometheusHealth | undefined;
  readonly loadReports: ReporterSight;
}

const DEFAULT_POLL_MS = 1_000;
const DEFAULT_CONCURRENCY = 4;
const SYNCHRONIZE_EVERY_MS = 10_000;

/** Reports are folded at each look; without looks (nobody decides) at this many. */
const MOST_PENDING_REPORTS = 4096;

/** Without news only what is gone is to be forgotten. */
const FOLD_AGAIN_MS = 1_000;

const NO_PROMETHEUS = 'no Prometheus is configured (--prometheus URL)';

/**
 * All that is known of the services, from load reports and Prometheus. Looks are synchronous and cost
 * nothing but memory; what they tell was fetched before, at its own pace.
 */
export class SignalObserver {
  readonly #link: PrometheusLink | undefined;
  readonly #series: SeriesWatch | undefined;
  readonly #gates: GateWatch | undefined;
  readonly #limits: LimitWatch | undefined;
  readonly #forecasts: ForecastWatch | undefined;
  readonly #schedule: Schedule;
  readonly #latencies = new EndpointLatencies();
  readonly #pushed: PushedWatch;
  readonly #limitLoads = new LimitLoads();
  readonly #sources = new Map<string, 'load' | 'prometheus'>();
  #watchedClusters: ReadonlySet<string> = new Set();
  #ownNames: ReadonlyMap<string, string> = new Map();
  #load: LoadBook = EMPTY_LOAD;
  #inbound: InboundBook = EMPTY_INBOUND;
  #pending: LoadReport[] = [];
  #foldedAt = 0;

  constructor({ prometheus, pollMs, concurrency }: ObserverOptions) {
    this.#schedule = new Schedule(concurrency ?? DEFAULT_CONCURRENCY);
    this.#pushed = new PushedWatch(prometheus !== undefined);
    if (prometheus === undefined) return;
    this.#link = new PrometheusLink(prometheus);
    this.#series = new SeriesWatch(this.#link, pollMs ?? DEFAULT_POLL_MS);
    this.#gates = new GateWatch(this.#link);
    this.#limits = new LimitWatch(this.#link);
    this.#forecasts = new ForecastWatch(this.#link);
  }

  /** These are observed from now on, and others no more. */
  watch(
    services: readonly ModelService[],
    rollouts: readonly ModelRollout[],
    templates: readonly MetricTemplate[],
    policies: readonly TrafficPolicy[] = [],
  ): void {
    const clusters = services.flatMap((service) =>
      service.spec.versions.map(({ name }) => clusterOf(service, name)),
    );
    this.#watchedClusters = new Set(services.flatMap(loadClustersOf));
    this.#ownNames = ownNames(services, clusterOf);
    const names = new Set(services.map(nameOf));
    for (const name of this.#sources.keys()) if (!names.has(name)) this.#sources.delete(name);
    this.#pushed.retain(names);
    this.#latencies.retain(new Set(clusters));
    this.#follow(services, rollouts, templates, policies);
  }

  /** Takes note of a load report; cheap, to be called for each. */
  onLoadReport(report: LoadReport): void {
    this.#pending.push(underOwnNames(report, this.#ownNames));
    if (this.#pending.length >= MOST_PENDING_REPORTS) this.#fold(report.at);
  }

  /** Takes note of latencies that a sidecar pushed; cheap, to be called for each message. */
  onLatencyReport(report: LatencyReport): void {
    this.#pushed.take(report);
    this.#limitLoads.take(report);
    if (this.#pushed.pending >= MOST_PENDING_REPORTS) this.#fold(report.at);
  }

  /**
   * What is known of a service now. Counts are increments since the previous call for this service: one
   * loop calls this, and tells others. Never throws, never waits.
   */
  observe(service: ModelService, nowMs: number): ServiceObservation {
    this.#fold(nowMs);
    const name = nameOf(service);
    const sight = sightReporters(this.#load, nowMs);
    const source = this.#chooseSource(service, sight, nowMs);
    const isPushed = this.#readsPushed(service, sight, nowMs);
    const tallies = this.#series?.tallies(name) ?? [];
    const view = {
      offsetMs: this.#link?.offsetMs ?? 0,
      problem: this.#link ? this.#link.problem : NO_PROMETHEUS,
    };
    const series = readVersions(service, tallies, view, nowMs);
    const versions = new Map<string, VersionObservation>();
    for (const { name: version, endpoints } of service.spec.versions) {
      const fromSeries = series.get(version);
      if (fromSeries === undefined) continue;
      const cluster = clusterOf(service, version);
      const known = (endpoints.static ?? []).map(({ address, port }) => `${address}:${port}`);
      const seen = readEndpoints(this.#load, service, cluster, sight, known, nowMs);
      this.#latencies.learn(cluster, tallies, version, seen, nowMs);
      versions.set(version, {
        ...this.#combine(
          isPushed ? { ...fromSeries, latencyMs: this.#pushed.read(cluster, nowMs) } : fromSeries,
          cluster,
          sight,
          source,
        ),
        endpoints: seen.map((endpoint) => this.#withLatency(cluster, endpoint, nowMs)),
      });
    }
    this.#series?.drain(name);
    this.#load = drainLoad(this.#load, loadClustersOf(service), nowMs);
    this.#pushed.drain(clustersOf(service));
    return { service: name, at: nowMs, versions, queries: this.#gates?.readings(name, nowMs) ?? new Map() };
  }

  /** Requests a second that an inbound sidecar lets through to its model server; undefined: not known. */
  servedBy(nodeId: string, nowMs: number): number | undefined {
    this.#fold(nowMs);
    return servedPerSecond(this.#inbound, nodeId, nowMs);
  }

  /** What a limit that counts by itself has to do in an inbound sidecar; undefined: it is not told. */
  limitLoad(service: string, limit: string, nodeId: string, nowMs: number): LimitLoad | undefined {
    return this.#limitLoads.of(service, limit, nodeId, nowMs);
  }

  /** What a limit (`NAMESPACE/SERVICE/limits/NAME`) admits and refuses; undefined without Prometheus. */
  flowOf(limit: string, nowMs: number): LimitFlow | undefined {
    return this.#limits?.flowOf(limit, nowMs);
  }

  /** Requests a second that clients are expected to offer soon; undefined: no forecast. */
  forecastOf(service: string, nowMs: number): number | undefined {
    return this.#forecasts?.forecastOf(service, nowMs);
  }

  health(nowMs: number): SignalHealth {
    this.#fold(nowMs);
    return { prometheus: this.#link?.health(), loadReports: sightReporters(this.#load, nowMs) };
  }

  /** Stops asking; resolves when nothing is under way any more. */
  async close(): Promise<void> {
    const closed = this.#schedule.close();
    this.#link?.close();
    await closed;
  }

  #follow(
    services: readonly ModelService[],
    rollouts: readonly ModelRollout[],
    templates: readonly MetricTemplate[],
    policies: readonly TrafficPolicy[],
  ): void {
    if (!this.#link || !this.#series || !this.#gates || !this.#limits || !this.#forecasts) return;
    const link = this.#link;
    const questions = rollouts.flatMap((rollout) => {
      const target = `${rollout.metadata.namespace}/${rollout.spec.targetRef.name}`;
      const service = services.find((one) => nameOf(one) === target);
      return service ? gateQuestions(rollout, service, templates) : [];
    });
    const clock: Task = {
      key: 'the time',
      periodMs: () => SYNCHRONIZE_EVERY_MS,
      run: (signal) => link.synchronize(signal),
    };
    const tasks = [
      clock,
      ...this.#series.tasks(services),
      ...this.#gates.tasks(questions),
      this.#limits.task(),
      ...this.#forecasts.tasks(services, policies),
    ];
    const keys = tasks.map(({ key }) => key);
    link.retain((what) => keys.some((key) => key === what || key.startsWith(`${what}: `)));
    this.#schedule.replace(tasks);
  }

  #fold(nowMs: number): void {
    const pending = this.#pending.length + this.#pushed.pending;
    if (pending === 0 && Math.abs(nowMs - this.#foldedAt) < FOLD_AGAIN_MS) return;
    this.#foldedAt = nowMs;
    this.#load = addReports(this.#load, this.#pending, this.#watchedClusters, nowMs);
    this.#inbound = addInboundReports(this.#inbound, this.#pending, nowMs);
    this.#pending = [];
    this.#pushed.fold(this.#watchedClusters, nowMs);
  }

  /** A source that takes over starts from a baseline: what the other has told is not told again. */
  #chooseSource(service: ModelService, sight: ReporterSight, nowMs: number): 'load' | 'prometheus' {
    const name = nameOf(service);
    const source = sight.fresh.length > 0 || this.#series === undefined ? 'load' : 'prometheus';
    const before = this.#sources.get(name);
    this.#sources.set(name, source);
    if (before === undefined || before === source) return source;
    if (source === 'load') this.#load = rebaseLoad(this.#load, loadClustersOf(service), nowMs);
    else this.#series?.rebase(name, 'requests', nowMs + (this.#link?.offsetMs ?? 0));
    return source;
  }

  #readsPushed(service: ModelService, sight: ReporterSight, nowMs: number): boolean {
    const name = nameOf(service);
    const source = this.#pushed.choose(name, sight, nowMs, (next) => {
      if (next === 'pushed') this.#pushed.drain(clustersOf(service));
      else this.#series?.rebase(name, 'latencyMs', nowMs + (this.#link?.offsetMs ?? 0));
    });
    return source === 'pushed';
  }

  #combine(
    series: SeriesObservation,
    cluster: string,
    sight: ReporterSight,
    source: 'load' | 'prometheus',
  ): Omit<VersionObservation, 'endpoints'> {
    const byLoad = source === 'load';
    return {
      requests: byLoad ? readLoad(this.#load, cluster, sight) : series.requests.reading,
      latencyMs: series.latencyMs.reading,
      scores: series.scores.reading,
      sources: {
        requests: byLoad ? describeReporters(sight) : series.requests.source,
        latencyMs: series.latencyMs.source,
        scores: series.scores.source,
      },
    };
  }

  /** What an answer carried is fresher than what was scraped. */
  #withLatency(cluster: string, endpoint: EndpointObservation, nowMs: number): EndpointObservation {
    if (endpoint.latencyMs.kind === 'value') return endpoint;
    const scraped: Reading<number> | undefined = this.#latencies.read(cluster, endpoint.address, nowMs);
    return scraped ? { ...endpoint, latencyMs: scraped } : endpoint;
  }
}

function clustersOf(service: ModelService): readonly string[] {
  return service.spec.versions.map(({ name }) => clusterOf(service, name));
}
