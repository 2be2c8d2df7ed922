import { Counter, Histogram, Registry } from 'prom-client';

import type { BatchRun, WorkResult } from '../serving/scheduler.ts';
import type { Prediction } from './scores.ts';

/** The labels that every series carries. */
export interface VersionLabels extends Record<string, string> {
  model: string;
  version: string;
}

/** How the latency histograms are cut, in seconds: fine around 1–100 ms, where models answer. */
const LATENCY_BUCKETS = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.15,
  0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10,
];
const ROWS_BUCKETS = [1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128];
const SCORE_BUCKETS = Array.from({ length: 20 }, (_, index) => (index + 1) / 20);
/** Distinct classes that are counted by name for one version; the rest counts as "other". */
const MAX_CLASSES = 200;

const LABELS = ['model', 'version'] as const;
const MICROSECONDS = 1_000;
const SECONDS = 1 / 1_000;

/** The counters and histograms of calls. Gauges of present state are in `gauges.ts`. */
export class ServingMetrics {
  readonly registry: Registry;
  readonly #requests;
  readonly #duration;
  readonly #queue;
  readonly #compute;
  readonly #batchRows;
  readonly #score;
  readonly #classes;
  readonly #restarts;
  readonly #lookups;
  readonly #triton;
  readonly #classNames = new Map<string, Set<string>>();

  constructor(registry = new Registry()) {
    this.registry = registry;
    const counter = (name: string, help: string, extra: string[] = []) =>
      new Counter({ name, help, labelNames: [...LABELS, ...extra], registers: [registry] });
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name, help, labelNames: [...LABELS], buckets, registers: [registry] });

    this.#requests = counter('model_requests_total', 'Inference calls by the gRPC status they ended with.', [
      'code',
    ]);
    this.#duration = histogram(
      'model_request_duration_seconds',
      'From the call to its answer.',
      LATENCY_BUCKETS,
    );
    this.#queue = histogram(
      'model_queue_duration_seconds',
      'How long a call waited for the runner.',
      LATENCY_BUCKETS,
    );
    this.#compute = histogram(
      'model_compute_duration_seconds',
      "The runtime's time for a batch.",
      LATENCY_BUCKETS,
    );
    this.#batchRows = histogram('model_batch_rows', 'Rows that were computed together.', ROWS_BUCKETS);
    this.#score = histogram('model_score', 'The highest probability of each answered row.', SCORE_BUCKETS);
    this.#classes = counter('model_predicted_class_total', 'Answered rows by predicted class.', ['class']);
    this.#restarts = counter('model_runner_restarts_total', 'Runners that were lost and replaced.');
    this.#lookups = counter('model_cache_lookups_total', 'Calls looked up in the cache of answers.', [
      'result',
    ]);
    this.#triton = {
      success: counter('nv_inference_request_success', 'Inference calls that succeeded.'),
      failure: counter('nv_inference_request_failure', 'Inference calls that failed.'),
      count: counter('nv_inference_count', 'Rows that were computed.'),
      runs: counter('nv_inference_exec_count', 'Batches that were computed.'),
      request: counter('nv_inference_request_duration_us', 'Time of all calls together, in microseconds.'),
      queue: counter('nv_inference_queue_duration_us', 'Time of all calls in the queue, in microseconds.'),
      input: counter(
        'nv_inference_compute_input_duration_us',
        'Time for handing inputs over, in microseconds.',
      ),
      infer: counter('nv_inference_compute_infer_duration_us', 'Time for computing, in microseconds.'),
      output: counter(
        'nv_inference_compute_output_duration_us',
        'Time for handing outputs back, in microseconds.',
      ),
    };
  }

  /** Makes a version's counters present with zero, so that a first failure is an increase and not a new series. */
  introduce(labels: VersionLabels): void {
    this.#requests.inc({ ...labels, code: 'OK' }, 0);
    this.#restarts.inc(labels, 0);
    for (const counter of Object.values(this.#triton)) counter.inc(labels, 0);
    for (const histogram of [this.#duration, this.#queue, this.#compute, this.#batchRows])
      histogram.zero(labels);
  }

  succeeded(labels: VersionLabels, totalMs: number, result: Pick<WorkResult, 'queueMs'>): void {
    this.#ended(labels, 'OK', totalMs);
    this.#queue.observe(labels, result.queueMs * SECONDS);
    this.#triton.success.inc(labels);
    this.#triton.queue.inc(labels, result.queueMs * MICROSECONDS);
  }

  failed(labels: VersionLabels, code: string, totalMs: number): void {
    this.#ended(labels, code, totalMs);
    this.#triton.failure.inc(labels);
  }

  batch(labels: VersionLabels, { rows, computeMs, totalMs }: BatchRun): void {
    this.#batchRows.observe(labels, rows);
    this.#compute.observe(labels, computeMs * SECONDS);
    this.#triton.count.inc(labels, rows);
    this.#triton.runs.inc(labels);
    this.#triton.infer.inc(labels, computeMs * MICROSECONDS);
    // What is not computing is the way there and back; the pipe does not tell the one from the other.
    const wayMs = Math.max(0, totalMs - computeMs);
    this.#triton.input.inc(labels, (wayMs / 2) * MICROSECONDS);
    this.#triton.output.inc(labels, (wayMs / 2) * MICROSECONDS);
  }

  predicted(labels: VersionLabels, predictions: readonly Prediction[]): void {
    for (const { score, predictedClass } of predictions) {
      if (!Number.isNaN(score)) this.#score.observe(labels, score);
      this.#classes.inc({ ...labels, class: this.#boundedClass(labels, predictedClass) });
    }
  }

  looked(labels: VersionLabels, result: 'hit' | 'miss'): void {
    this.#lookups.inc({ ...labels, result });
  }

  runnerLost(labels: VersionLabels): void {
    this.#restarts.inc(labels);
  }

  #ended(labels: VersionLabels, code: string, totalMs: number): void {
    this.#requests.inc({ ...labels, code });
    this.#duration.observe(labels, totalMs * SECONDS);
    this.#triton.request.inc(labels, totalMs * MICROSECONDS);
  }

  #boundedClass({ model, version }: VersionLabels, name: string): string {
    const key = `${model}/${version}`;
    const names = this.#classNames.get(key) ?? new Set<string>();
    this.#classNames.set(key, names);
    if (!names.has(name) && names.size >= MAX_CLASSES) return 'other';
    names.add(name);
    return name;
  }
}
