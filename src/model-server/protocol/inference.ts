import type { Tensor } from '../tensors/tensor.ts';
import type { TraceContext } from '../tracing/context.ts';

/** One call for inference, whichever way it came in. */
export interface InferenceRequest {
  readonly model: string;
  /** Empty for the model's default version. */
  readonly version: string;
  readonly inputs: readonly Tensor[];
  /** Names of the outputs that are wanted; empty for all. */
  readonly outputs: readonly string[];
  /** 1 is the most urgent; without one, `DEFAULT_PRIORITY`. */
  readonly priority: number;
  /** When the caller stops waiting, in ms of `performance.now()`; Infinity for never. */
  readonly deadlineMs: number;
  /** Calls back when the caller has gone; absent where that cannot be told. */
  readonly onGone?: ((listener: () => void) => void) | undefined;
  /** Where the call belongs in its caller's trace. */
  readonly trace?: TraceContext | undefined;
}

/** The answer to one call. */
export interface InferenceAnswer {
  readonly model: string;
  readonly version: string;
  readonly outputs: readonly Tensor[];
}

/** The priority of a call that names none: half way, so that there is room on both sides. */
export const DEFAULT_PRIORITY = 100;
