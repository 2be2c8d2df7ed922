import { create } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  GRPCInferenceService,
  type ModelInferRequest,
  ModelInferRequestSchema,
  type ModelInferResponse,
} from '../gen/inference/open_inference_pb.js';
import { methodDefinition } from './grpc/definition.ts';
import { viewElements } from './tensors/numbers.ts';
import type { Tensor } from './tensors/tensor.ts';

/** One call for inference. */
export interface InferCall {
  readonly model: string;
  /** Absent for the model's default version. */
  readonly version?: string;
  readonly inputs: readonly Tensor[];
  /** Request metadata, such as a user id or a tenant. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** An answer with the metadata that came with it. */
export interface InferResult {
  /** The version that answered. */
  readonly version: string;
  readonly outputs: readonly Tensor[];
  readonly headers: Metadata;
}

/** A connection to a model server, or to a sidecar in front of one. */
export interface ModelClient {
  /** Rejects with grpc-js's `ServiceError` (`code`, `details`, `metadata`). */
  infer(call: InferCall): Promise<InferResult>;
  close(): void;
}

const INFER = methodDefinition(GRPCInferenceService, GRPCInferenceService.method.modelInfer);

/** Connects to `HOST:PORT`. Every client has its own connection. */
export function connectModel(address: string, options: Record<string, string | number> = {}): ModelClient {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
    ...options,
  });
  return {
    infer: (call) =>
      new Promise((resolve, reject) => {
        const metadata = new Metadata();
        for (const [name, value] of Object.entries(call.headers ?? {})) metadata.set(name, value);
        let headers = new Metadata();
        const sent = client.makeUnaryRequest(
          INFER.path,
          INFER.requestSerialize,
          INFER.responseDeserialize,
          inferMessage(call),
          metadata,
          call.timeoutMs === undefined ? {} : { deadline: Date.now() + call.timeoutMs },
          (error: ServiceError | null, message?: object) => {
            if (error || !message) reject(error);
            else resolve(resultOf(message as ModelInferResponse, headers));
          },
        );
        sent.on('metadata', (received) => {
          headers = received;
        });
      }),
    close: () => client.close(),
  };
}

/** The protocol's message for a call, with its tensors as raw bytes. */
function inferMessage({ model, version = '', inputs }: InferCall): ModelInferRequest {
  return create(ModelInferRequestSchema, {
    modelName: model,
    modelVersion: version,
    inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(BigInt) })),
    rawInputContents: inputs.map((input) => input.data),
  });
}

/** A tensor of 32-bit floats. */
export function floats(name: string, shape: readonly number[], values: Iterable<number>): Tensor {
  const elements = Float32Array.from(values);
  return { name, datatype: 'FP32', shape, data: new Uint8Array(elements.buffer) };
}

/** The numbers of an output, or none when the answer lacks it. */
export function numbersOf(result: InferResult, output: string): number[] {
  const tensor = result.outputs.find(({ name }) => name === output);
  if (!tensor || tensor.datatype === 'BYTES') return [];
  return Array.from(viewElements(tensor.datatype, tensor.data) as Float32Array, Number);
}

function resultOf(message: ModelInferResponse, headers: Metadata): InferResult {
  const outputs = message.outputs.map(
    ({ name, datatype, shape }, index): Tensor => ({
      name,
      datatype: datatype as Tensor['datatype'],
      shape: shape.map(Number),
      data: message.rawOutputContents[index] ?? new Uint8Array(),
    }),
  );
  return { version: message.modelVersion, outputs, headers };
}
