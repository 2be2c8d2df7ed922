import type { ModelService } from '../core/api/model-service.ts';
import type { RecordedQuery, RecordedStretch } from '../core/replay/recording.ts';
import type { GateQuestion } from '../core/signals/gate.ts';
import type { Series } from '../core/signals/samples.ts';
import { SERIES_FAMILIES, type SeriesFamily } from '../core/signals/service-series.ts';
import type { PrometheusClient, QueryOptions } from './prometheus/client.ts';
import { PrometheusError } from './prometheus/prometheus-error.ts';

/** No scrape is faster, and the live gates do not ask more often either. */
const FASTEST_QUERY_MS = 1_000;

/** Reads a stretch of a service's past: the very series that are observed live, raw, and the gates' queries. */
export class RecordingReader {
  readonly #client: PrometheusClient;

  constructor(client: PrometheusClient) {
    this.#client = client;
  }

  /** @throws {PrometheusError} there is no answer, or an answer that is too large */
  async read(
    service: ModelService,
    questions: readonly GateQuestion[],
    range: { readonly fromMs: number; readonly toMs: number },
    options: QueryOptions,
  ): Promise<RecordedStretch> {
    const series = new Map<SeriesFamily['id'], readonly Series[]>();
    for (const family of SERIES_FAMILIES) {
      const selector = family.query(service, range.toMs - range.fromMs);
      const answer = await this.#client.queryInstant(selector, { ...options, atMs: range.toMs });
      series.set(family.id, answer.kind === 'matrix' ? answer.series : []);
    }
    const queries = new Map<string, RecordedQuery>();
    for (const question of questions) {
      queries.set(question.key, await this.#ask(question, range, options));
    }
    return { ...range, series, queries };
  }

  async #ask(
    { rendered, intervalMs }: GateQuestion,
    range: { readonly fromMs: number; readonly toMs: number },
    options: QueryOptions,
  ): Promise<RecordedQuery> {
    if (!rendered.ok) return { kind: 'failed', problem: rendered.problem };
    const everyMs = Math.max(FASTEST_QUERY_MS, intervalMs);
    try {
      const series = await this.#client.queryRange(rendered.query, { ...range, stepMs: everyMs }, options);
      return { kind: 'values', everyMs, series };
    } catch (error) {
      if (error instanceof PrometheusError && error.code === 'bad-query')
        return { kind: 'failed', problem: error.message };
      throw error;
    }
  }
}
