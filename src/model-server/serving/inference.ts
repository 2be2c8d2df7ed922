import type { FaultEffect } from '../faults/fault.ts';
import type { InferenceAnswer, InferenceRequest } from '../protocol/inference.ts';
import { asProblem, Problem } from '../protocol/problem.ts';
import { labelsOf } from '../telemetry/gauges.ts';
import type { ServingMetrics, VersionLabels } from '../telemetry/metrics.ts';
import { findScoreOutputs, readPredictions } from '../telemetry/scores.ts';
import type { Catalogue } from './catalogue.ts';
import type { ServedVersion } from './version.ts';

/** One call's end, for logs and traces. */
export interface CallRecord {
  readonly labels: VersionLabels;
  readonly code: string;
  readonly message: string;
  readonly totalMs: number;
  readonly queueMs: number;
  readonly computeMs: number;
}

export interface InferenceSettings {
  readonly catalogue: Catalogue;
  readonly metrics: ServingMetrics;
  readonly faultFor: (model: string, version: string) => FaultEffect;
  readonly onCall: (record: CallRecord) => void;
}

/** The way of every inference call, whichever protocol it came by: find the version, compute, count. */
export class Inference {
  readonly #settings: InferenceSettings;
  #inFlight = 0;
  #answered = 0;

  constructor(settings: InferenceSettings) {
    this.#settings = settings;
  }

  /** Calls that have not been answered yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Calls that have been answered since the start. */
  get answered(): number {
    return this.#answered;
  }

  /** Answers a call. Rejects with a `Problem`. */
  async infer(request: InferenceRequest): Promise<InferenceAnswer> {
    const startedMs = performance.now();
    this.#inFlight++;
    let served: ServedVersion | undefined;
    try {
      served = this.#settings.catalogue.find(request.model, request.version);
      const answer = await this.#compute(served, request, startedMs);
      return answer;
    } catch (thrown) {
      const problem = asProblem(thrown);
      const labels = served ? labelsOf(served) : UNKNOWN;
      const totalMs = performance.now() - startedMs;
      this.#settings.metrics.failed(labels, problem.code, totalMs);
      const { code, message } = problem;
      this.#settings.onCall({ labels, code, message, totalMs, queueMs: 0, computeMs: 0 });
      throw problem;
    } finally {
      this.#inFlight--;
      this.#answered++;
    }
  }

  async #compute(
    served: ServedVersion,
    request: InferenceRequest,
    startedMs: number,
  ): Promise<InferenceAnswer> {
    const labels = labelsOf(served);
    const fault = this.#settings.faultFor(labels.model, labels.version);
    if (fault.delayMs > 0) await delay(fault.delayMs, request.signal);
    if (fault.failure) throw fault.failure;
    const result = await served.infer(request);
    const totalMs = performance.now() - startedMs;
    this.#settings.metrics.succeeded(labels, totalMs, result);
    const scores = served.loaded && findScoreOutputs(served.loaded.signature);
    if (scores) this.#settings.metrics.predicted(labels, readPredictions(scores, result.outputs));
    const { queueMs, computeMs } = result;
    this.#settings.onCall({ labels, code: 'OK', message: '', totalMs, queueMs, computeMs });
    return { model: labels.model, version: labels.version, outputs: result.outputs };
  }
}

/** Labels for calls to models that are not served: their names come from outside and must not become series. */
const UNKNOWN: VersionLabels = { model: 'unknown', version: 'unknown' };

function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(new Problem('CANCELLED', 'the caller has gone'));
      },
      { once: true },
    );
  });
}
