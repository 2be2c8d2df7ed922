import type { Datatype } from '../tensors/datatypes.ts';
import type { Signature, Tensor } from '../tensors/tensor.ts';
import { paddingAfter } from './frames.ts';

/** How a session is opened. */
export interface SessionSettings {
  /** Execution providers in the order in which to try them. */
  readonly providers: readonly string[];
  readonly graphOptimization: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
  /** Threads within an operator; 0 for one a core. */
  readonly intraOpThreads: number;
  /** Threads across operators; only used when larger than 1. */
  readonly interOpThreads: number;
  /** Whether threads that wait for work spin, which costs CPU and saves some microseconds. */
  readonly spinning: boolean;
  readonly memoryArena: boolean;
}

/** A tensor's place in a payload. */
export interface TensorHeader {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** What the server asks of a runner. A model is loaded from a file, or from the first bytes of the payload. */
export type RunnerRequest =
  | { readonly kind: 'load'; readonly from: string | number; readonly settings: SessionSettings }
  | { readonly kind: 'run'; readonly tensors: readonly TensorHeader[]; readonly outputs: readonly string[] };

/** What a runner answers. */
export type RunnerReply =
  | { readonly kind: 'loaded'; readonly loaded: LoadedModel }
  | { readonly kind: 'ran'; readonly tensors: readonly TensorHeader[]; readonly computeMs: number }
  | { readonly kind: 'failed'; readonly message: string };

/** What a runner says of a model that it has loaded. */
export interface LoadedModel {
  readonly signature: Signature;
  /** The execution provider really in use. */
  readonly provider: string;
  /** Providers that were tried before it, each with what it said. */
  readonly refused: readonly { readonly provider: string; readonly message: string }[];
}

/** Where each of some tensors lies in a payload that has them one after the other. */
export function tensorsIn(headers: readonly TensorHeader[], payload: Uint8Array): Tensor[] {
  let offset = 0;
  return headers.map(({ name, datatype, shape, bytes }) => {
    const data = payload.subarray(offset, offset + bytes);
    offset += bytes + paddingAfter(bytes);
    return { name, datatype, shape, data };
  });
}

/** The header of a tensor. */
export function headerOf({ name, datatype, shape, data }: Tensor): TensorHeader {
  return { name, datatype, shape, bytes: data.length };
}
