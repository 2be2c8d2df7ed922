import type { InferenceRequest } from '../protocol/inference.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { type AnswerStore, cacheKey, decodeOutputs, encodeOutputs } from './answers.ts';

/** An answer, and whether it had been kept. */
export interface CachedAnswer<T> {
  readonly outputs: readonly Tensor[];
  /** What computing said beside the outputs; undefined for a kept answer. */
  readonly computed: T | undefined;
}

/** Answers from the store what is kept there, and computes and keeps the rest. */
export async function answerThrough<T extends { readonly outputs: readonly Tensor[] }>(
  store: AnswerStore,
  content: { readonly stamp: string; readonly version: string },
  request: InferenceRequest,
  compute: () => Promise<T>,
): Promise<CachedAnswer<T>> {
  const key = cacheKey(content.stamp, content.version, request);
  const kept = await store.get(key);
  const outputs = kept && decodeOutputs(kept);
  if (outputs) return { outputs, computed: undefined };
  const computed = await compute();
  store.put(key, encodeOutputs(computed.outputs));
  return { outputs: computed.outputs, computed };
}
