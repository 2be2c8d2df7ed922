import type { StateSaver } from '../controller/ports.ts';
import { specsAction, startAction } from '../core/audit/spec-changes.ts';
import type { SpecIndex } from '../core/decide/spec-index.ts';
import type { DecisionRecord } from '../core/status/status.ts';
import { Notifier } from '../notify/notifier.ts';
import { SpanExporter } from '../otlp/span-exporter.ts';
import type { StateStore } from '../state/state-store.ts';
import { DecisionTraces } from './decision-traces.ts';
import type { ReportMetrics } from './report-metrics.ts';
import { penstockVersion } from './version.ts';

export interface ReportingParts {
  readonly store: StateStore;
  readonly metrics: ReportMetrics;
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  /** The spec files, as they were named. */
  readonly files: readonly string[];
  /** A collector of OpenTelemetry; undefined: no traces. */
  readonly otlpEndpoint: string | undefined;
}

/**
 * Everything that is told of a decision beside the API: it is counted, traced, told to receivers, saved,
 * and audited.
 * Stands between the loop and its database.
 */
export class Reporting implements StateSaver, AsyncDisposable {
  readonly #parts: ReportingParts;
  readonly #notifier: Notifier;
  readonly #exporter: SpanExporter | undefined;
  readonly #traces: DecisionTraces | undefined;
  #specs: SpecIndex | undefined;
  #lastId: number;

  constructor(parts: ReportingParts) {
    this.#parts = parts;
    this.#lastId = parts.store.lastDecisionId();
    const { notifications } = parts.metrics;
    this.#notifier = new Notifier({
      delivered: (format, notices) => notifications.inc({ format, result: 'delivered' }, notices),
      failed: (format, notices, receiver, why) => {
        notifications.inc({ format, result: 'failed' }, notices);
        parts.log.warn({ receiver, format, notices }, `events could not be told: ${why}`);
      },
    });
    parts.metrics.waiting(() => this.#notifier.waiting);
    if (parts.otlpEndpoint === undefined) return;
    const exporter = new SpanExporter({
      endpoint: parts.otlpEndpoint,
      version: penstockVersion(),
      onTrouble: (message) => parts.log.warn({}, message),
    });
    this.#exporter = exporter;
    this.#traces = new DecisionTraces((span) => exporter.add(span));
  }

  /** These specs are in force: the first ones at the start, others after an edit. */
  configured(specs: SpecIndex, nowMs: number): void {
    const { files } = this.#parts;
    const action =
      this.#specs === undefined
        ? startAction(specs, penstockVersion(), files, nowMs)
        : specsAction(this.#specs, specs, files, nowMs);
    this.#specs = specs;
    if (action !== undefined) this.audit([action]);
  }

  save(changes: ReadonlyMap<string, unknown>, records: readonly DecisionRecord[], nowMs: number): void {
    // What could not be saved comes again: people are told once, and whether the disk is full or not.
    const news = records.filter(({ id }) => id > this.#lastId);
    this.#lastId = news.at(-1)?.id ?? this.#lastId;
    for (const { reason } of news) this.#parts.metrics.decisions.inc({ reason });
    if (this.#specs !== undefined) this.#notifier.tell(news, this.#specs);
    this.#traces?.decided(news, nowMs);
    try {
      this.#parts.store.save(changes, records, nowMs);
    } catch (error) {
      this.#parts.metrics.saveFailures.inc();
      throw error;
    }
  }

  acknowledge(id: number, acknowledged: NonNullable<DecisionRecord['acknowledged']>): void {
    this.#traces?.acknowledged(id, acknowledged);
    this.#parts.store.acknowledge(id, acknowledged);
  }

  /** Adds to the audit what is no decision of the loop. */
  audit(actions: Parameters<StateStore['audit']['append']>[0]): void {
    try {
      this.#parts.store.audit.append(actions);
    } catch (error) {
      this.#parts.metrics.saveFailures.inc();
      this.#parts.log.error({ err: error, actions }, 'this cannot be audited; it is said here instead');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#notifier.close(), this.#exporter?.close()]);
  }
}
