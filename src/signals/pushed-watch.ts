import type { HistogramCounts } from '../core/observation/observation.ts';
import type { LatencyReport } from '../core/signals/latency-report.ts';
import type { ReporterSight } from '../core/signals/load-aggregate.ts';
import {
  addPushed,
  describePushers,
  drainPushed,
  EMPTY_PUSHED,
  type PushedBook,
  readPushed,
  sightPushers,
} from '../core/signals/pushed-latency.ts';
import type { Sourced } from '../core/signals/versions.ts';

type Source = 'pushed' | 'prometheus';

/** The latencies that sidecars push, and for which services they are read instead of Prometheus. */
export class PushedWatch {
  readonly #hasPrometheus: boolean;
  readonly #sources = new Map<string, Source>();
  #book: PushedBook = EMPTY_PUSHED;
  #pending: LatencyReport[] = [];

  constructor(hasPrometheus: boolean) {
    this.#hasPrometheus = hasPrometheus;
  }

  /** Messages that are not folded yet. */
  get pending(): number {
    return this.#pending.length;
  }

  take(report: LatencyReport): void {
    this.#pending.push(report);
  }

  fold(watched: ReadonlySet<string>, nowMs: number): void {
    this.#book = addPushed(this.#book, this.#pending, watched, nowMs);
    this.#pending = [];
  }

  /** Only these services are observed from now on. */
  retain(services: ReadonlySet<string>): void {
    for (const name of this.#sources.keys()) if (!services.has(name)) this.#sources.delete(name);
  }

  /**
   * Where the latencies of a service are read. Pushed ones are a second old, and what Prometheus scraped an interval
   * or more; but a quantile is one of all callers or none, so they are read where every caller that reports its load
   * pushes them too, and where there is no Prometheus.
   *
   * @param onChange the source is another than at the previous look: that one starts from a baseline, so that what
   *   the other has told is not told again
   */
  choose(service: string, load: ReporterSight, nowMs: number, onChange: (source: Source) => void): Source {
    const fresh = new Set(sightPushers(this.#book, nowMs).fresh);
    const isWhole = fresh.size > 0 && load.fresh.every((nodeId) => fresh.has(nodeId));
    const source = isWhole || (!this.#hasPrometheus && this.#book.pushers.size > 0) ? 'pushed' : 'prometheus';
    const before = this.#sources.get(service);
    this.#sources.set(service, source);
    if (before !== undefined && before !== source) onChange(source);
    return source;
  }

  /** Latencies of a cluster since the previous look. */
  read(cluster: string, nowMs: number): Sourced<HistogramCounts> {
    const sight = sightPushers(this.#book, nowMs);
    return { reading: readPushed(this.#book, cluster, sight), source: describePushers(sight) };
  }

  /** What was pushed of these clusters has been told. */
  drain(clusters: readonly string[]): void {
    this.#book = drainPushed(this.#book, clusters);
  }
}
