import { env, InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { datatypeOf, runtimeTypeOf } from '../tensors/datatypes.ts';
import { viewElements } from '../tensors/numbers.ts';
import { decodeTexts, encodeTexts } from '../tensors/strings.ts';
import type { Signature, Tensor, TensorSpec } from '../tensors/tensor.ts';
import type { LoadedModel, SessionSettings } from './messages.ts';

// What goes wrong is thrown as well; on stderr it would be told for each provider that this machine simply lacks.
env.logLevel = 'fatal';
// Where the language has Float16Array the library takes 16-bit floats for it, but the runtime underneath cannot read
// one ("not enough space"). Without it they travel as Uint16Array, which works.
Reflect.deleteProperty(globalThis, 'Float16Array');

/** A model opened by the runtime. */
export interface OpenModel {
  readonly loaded: LoadedModel;
  /** Computes the outputs of that name (all when none is named). Blocks the thread while it computes. */
  run(inputs: readonly Tensor[], outputs: readonly string[]): Promise<Tensor[]>;
}

/** Opens a model with the first provider that works; throws what the last one said when none does. */
export async function openModel(source: string | Uint8Array, settings: SessionSettings): Promise<OpenModel> {
  const refused: { provider: string; message: string }[] = [];
  for (const [index, provider] of settings.providers.entries()) {
    try {
      const session = await createSession(source, provider, settings);
      return { loaded: { signature: signatureOf(session), provider, refused }, run: runnerOf(session) };
    } catch (thrown) {
      if (index === settings.providers.length - 1) throw thrown;
      refused.push({ provider, message: (thrown as Error).message });
    }
  }
  throw new Error('no execution provider is configured');
}

function createSession(source: string | Uint8Array, provider: string, settings: SessionSettings) {
  const options: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    graphOptimizationLevel: settings.graphOptimization,
    intraOpNumThreads: settings.intraOpThreads,
    executionMode: settings.interOpThreads > 1 ? 'parallel' : 'sequential',
    interOpNumThreads: settings.interOpThreads,
    enableCpuMemArena: settings.memoryArena,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: settings.spinning ? '1' : '0' } } },
  };
  return typeof source === 'string'
    ? InferenceSession.create(source, options)
    : InferenceSession.create(source, options);
}

function signatureOf(session: InferenceSession): Signature {
  return { inputs: session.inputMetadata.map(specOf), outputs: session.outputMetadata.map(specOf) };
}

function specOf(metadata: InferenceSession.ValueMetadata): TensorSpec {
  if (!metadata.isTensor)
    throw new Error(`"${metadata.name}" is not a tensor (a sequence or a map): not servable`);
  const datatype = datatypeOf(metadata.type);
  if (!datatype)
    throw new Error(`"${metadata.name}" has elements of type ${metadata.type}, which the protocol lacks`);
  return {
    name: metadata.name,
    datatype,
    shape: metadata.shape.map((size) => (typeof size === 'number' ? size : -1)),
  };
}

function runnerOf(session: InferenceSession): OpenModel['run'] {
  return async (inputs, outputs) => {
    const feeds = Object.fromEntries(inputs.map((input) => [input.name, toRuntime(input)]));
    const results = outputs.length > 0 ? await session.run(feeds, [...outputs]) : await session.run(feeds);
    return Object.entries(results).map(([name, tensor]) => fromRuntime(name, tensor as OrtTensor));
  };
}

function toRuntime(tensor: Tensor): OrtTensor {
  if (tensor.datatype === 'BYTES') return new OrtTensor('string', decodeTexts(tensor.data), tensor.shape);
  // The constructor has an overload for each type; the elements have just been viewed as that very type.
  const elements = viewElements(
    tensor.datatype === 'FP16' ? 'UINT16' : tensor.datatype,
    tensor.data,
  ) as Float32Array;
  return new OrtTensor(runtimeTypeOf(tensor.datatype) as 'float32', elements, tensor.shape);
}

function fromRuntime(name: string, tensor: OrtTensor): Tensor {
  const datatype = datatypeOf(tensor.type);
  if (!datatype)
    throw new Error(`output "${name}" has elements of type ${tensor.type}, which the protocol lacks`);
  const elements = tensor.data;
  const data = Array.isArray(elements)
    ? encodeTexts(elements)
    : new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  return { name, datatype, shape: tensor.dims, data };
}
