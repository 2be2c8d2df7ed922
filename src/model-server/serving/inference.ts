import { answerThrough } from '../cache/answer-cache.ts';
import type { AnswerStore } from '../cache/answers.ts';
import type { FaultEffect } from '../faults/fault.ts';
import type { InferenceAnswer, InferenceRequest } from '../protocol/inference.ts';
import { asProblem, Problem } from '../protocol/problem.ts';
import type { LoadedModel } from '../runner/messages.ts';
import { labelsOf } from '../telemetry/gauges.ts';
import type { ServingMetrics, VersionLabels } from '../telemetry/metrics.ts';
import { findScoreOutputs, readPredictions, type ScoreOutputs } from '../telemetry/scores.ts';
import type { Tensor } from '../tensors/tensor.ts';
import type { TraceContext } from '../tracing/context.ts';
import type { Catalogue } from './catalogue.ts';
import type { ServedVersion } from './version.ts';

/** One call's end, for logs and traces. */
export interface CallRecord {
  readonly labels: VersionLabels;
  readonly code: string;
  readonly message: string;
  readonly startedEpochMs: number;
  readonly totalMs: number;
  readonly queueMs: number;
  readonly computeMs: number;
  readonly cached: boolean;
  readonly trace: TraceContext | undefined;
}

export interface InferenceSettings {
  readonly catalogue: Catalogue;
  readonly metrics: ServingMetrics;
  /** Where answers are kept for calls that come again, if they are. */
  readonly store: AnswerStore | undefined;
  readonly faultFor: (model: string, version: string) => FaultEffect;
  /** Told of each call's end; `outputs` is what was answered, and empty where it failed. */
  readonly onCall: (record: CallRecord, request: InferenceRequest, outputs: readonly Tensor[]) => void;
}

/** Labels for calls to models that are not served: their names come from outside and must not become series. */
const UNKNOWN: VersionLabels = { model: 'unknown', version: 'unknown' };
const NOTHING_COMPUTED = { queueMs: 0, computeMs: 0 };

/** The way of every inference call, whichever protocol it came by: find the version, compute, count. */
export class Inference {
  readonly #settings: InferenceSettings;
  readonly #scores = new WeakMap<LoadedModel, ScoreOutputs | undefined>();
  #answered = 0;

  constructor(settings: InferenceSettings) {
    this.#settings = settings;
  }

  /** Calls that have been answered since the start. */
  get answered(): number {
    return this.#answered;
  }

  /** Answers a call. Rejects with a `Problem`. */
  async infer(request: InferenceRequest): Promise<InferenceAnswer> {
    const { catalogue, metrics, onCall } = this.#settings;
    const startedMs = performance.now();
    const begun = { startedEpochMs: Date.now(), trace: request.trace };
    let labels = UNKNOWN;
    try {
      const served = catalogue.find(request.model, request.version);
      labels = labelsOf(served.settings);
      const scores = this.#scoreOutputs(served);
      const { outputs, computed } = await this.#compute(served, labels, withScores(request, scores));
      const totalMs = performance.now() - startedMs;
      metrics.succeeded(labels, totalMs, computed ?? NOTHING_COMPUTED);
      if (scores) metrics.predicted(labels, readPredictions(scores, outputs));
      const { queueMs, computeMs } = computed ?? NOTHING_COMPUTED;
      const wanted =
        request.outputs.length > 0 ? outputs.filter(({ name }) => request.outputs.includes(name)) : outputs;
      const ended = { totalMs, queueMs, computeMs, cached: !computed };
      onCall({ ...begun, labels, code: 'OK', message: '', ...ended }, request, wanted);
      return { model: labels.model, version: labels.version, outputs: wanted };
    } catch (thrown) {
      const { code, message } = asProblem(thrown);
      const totalMs = performance.now() - startedMs;
      metrics.failed(labels, code, totalMs);
      const ended = { totalMs, ...NOTHING_COMPUTED, cached: false };
      onCall({ ...begun, labels, code, message, ...ended }, request, []);
      throw thrown;
    } finally {
      this.#answered++;
    }
  }

  #scoreOutputs({ loaded }: ServedVersion): ScoreOutputs | undefined {
    if (!loaded) return undefined;
    if (!this.#scores.has(loaded)) this.#scores.set(loaded, findScoreOutputs(loaded.signature));
    return this.#scores.get(loaded);
  }

  async #compute(served: ServedVersion, labels: VersionLabels, request: InferenceRequest) {
    const { store, metrics, faultFor } = this.#settings;
    const fault = faultFor(labels.model, labels.version);
    if (fault.delayMs > 0) await delay(fault.delayMs, request);
    if (fault.failure) throw fault.failure;
    if (!store) {
      const computed = await served.infer(request);
      return { outputs: computed.outputs, computed };
    }
    const content = { stamp: served.settings.stamp, version: labels.version };
    const answer = await answerThrough(store, content, request, () => served.infer(request));
    metrics.looked(labels, answer.computed ? 'miss' : 'hit');
    return answer;
  }
}

/** The same call, with the outputs that tell the scores computed too: what a caller leaves out must still be watched. */
function withScores(request: InferenceRequest, scores: ScoreOutputs | undefined): InferenceRequest {
  if (!scores || request.outputs.length === 0) return request;
  const needed = scores.label === undefined ? [scores.probabilities] : [scores.probabilities, scores.label];
  return { ...request, outputs: [...new Set([...request.outputs, ...needed])] };
}

function delay(ms: number, { onGone }: InferenceRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    onGone?.(() => {
      clearTimeout(timer);
      reject(new Problem('CANCELLED', 'the caller has gone'));
    });
  });
}
