import { create } from '@bufbuild/protobuf';
import {
  Metadata,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  GRPCInferenceService,
  type ModelMetadataRequest,
  ModelMetadataResponseSchema,
  type ModelReadyRequest,
  ModelReadyResponseSchema,
  type RepositoryIndexRequest,
  RepositoryIndexResponseSchema,
  type RepositoryModelLoadRequest,
  RepositoryModelLoadResponseSchema,
  type RepositoryModelUnloadRequest,
  RepositoryModelUnloadResponseSchema,
  ServerLiveResponseSchema,
  ServerMetadataResponseSchema,
  ServerReadyResponseSchema,
} from '../../gen/inference/open_inference_pb.js';
import { asProblem, type Problem } from '../protocol/problem.ts';
import type { ModelService } from '../service.ts';
import type { TensorSpec } from '../tensors/tensor.ts';
import { parseTraceparent, type TraceContext } from '../tracing/context.ts';
import { definitionOf, methodDefinition } from './definition.ts';
import { decodeInfer, encodeInfer, type InferMessage } from './infer-codec.ts';
import { createLoadReports, LOAD_REPORT_HEADER } from './load-report.ts';
import { requestOf } from './tensors.ts';

/** Metadata that every answer carries: the version that gave it. */
const MODEL_VERSION_HEADER = 'x-model-version';
/** Metadata that tells the mesh to send less. */
const DEGRADED_HEADER = 'x-envoy-degraded';

type Call<T> = ServerUnaryCall<T, object>;

/** The wire form of `inference.GRPCInferenceService`, with the call that comes most often in a form of its own. */
export function inferenceDefinition(): ServiceDefinition {
  const definition = definitionOf(GRPCInferenceService);
  const modelInfer = methodDefinition(GRPCInferenceService, GRPCInferenceService.method.modelInfer);
  return {
    ...definition,
    modelInfer: {
      ...modelInfer,
      requestDeserialize: decodeInfer,
      responseSerialize: (bytes: Buffer) => bytes,
    },
  };
}

/** The handlers of `inference.GRPCInferenceService`. */
export function inferenceHandlers(service: ModelService): UntypedServiceImplementation {
  const loadReport = createLoadReports(() => service.loadReport());
  return {
    serverLive: unary(async () => create(ServerLiveResponseSchema, { live: true })),
    serverReady: unary(async () => create(ServerReadyResponseSchema, { ready: service.ready() })),
    modelReady: unary(async ({ request }: Call<ModelReadyRequest>) =>
      create(ModelReadyResponseSchema, { ready: service.modelReady(request.name, request.version) }),
    ),
    serverMetadata: unary(async () => create(ServerMetadataResponseSchema, { ...service.metadata() })),
    modelMetadata: unary(async ({ request }: Call<ModelMetadataRequest>) => {
      const { inputs, outputs, ...rest } = service.modelMetadata(request.name, request.version);
      return create(ModelMetadataResponseSchema, {
        ...rest,
        versions: [...rest.versions],
        inputs: inputs.map(specMessage),
        outputs: outputs.map(specMessage),
      });
    }),
    modelInfer: (call: Call<InferMessage>, callback: sendUnaryData<object>) =>
      void infer(service, loadReport, call, callback),
    repositoryIndex: unary(async ({ request }: Call<RepositoryIndexRequest>) => {
      const entries = (await service.index()).filter((entry) => !request.ready || entry.state === 'READY');
      return create(RepositoryIndexResponseSchema, {
        models: entries.map(({ model, ...entry }) => ({ name: model, ...entry })),
      });
    }),
    repositoryModelLoad: unary(async ({ request }: Call<RepositoryModelLoadRequest>) => {
      const versions = request.parameters.versions?.parameterChoice;
      await service.load(request.modelName, versions?.case === 'stringParam' ? versions.value : '');
      return create(RepositoryModelLoadResponseSchema);
    }),
    repositoryModelUnload: unary(async ({ request }: Call<RepositoryModelUnloadRequest>) => {
      await service.unload(request.modelName);
      return create(RepositoryModelUnloadResponseSchema);
    }),
  };
}

async function infer(
  service: ModelService,
  loadReport: () => Buffer,
  call: Call<InferMessage>,
  callback: sendUnaryData<object>,
): Promise<void> {
  const { request } = call;
  try {
    const nowMs = performance.now();
    const answer = await service.infer(
      requestOf(request, {
        nowMs,
        deadlineMs: deadlineMs(call, nowMs),
        onGone: (listener) => call.on('cancelled', listener),
        trace: traceOf(call),
      }),
    );
    call.sendMetadata(metadataOf(service, answer.version));
    const trailer = new Metadata();
    trailer.set(LOAD_REPORT_HEADER, loadReport());
    callback(null, encodeInfer(answer, request.id), trailer);
  } catch (thrown) {
    const metadata = metadataOf(service, service.versionNamed(request.modelName, request.modelVersion));
    metadata.set(LOAD_REPORT_HEADER, loadReport());
    callback({ ...statusOf(asProblem(thrown)), metadata });
  }
}

function metadataOf(service: ModelService, version: string | undefined): Metadata {
  const metadata = new Metadata();
  if (version !== undefined) metadata.set(MODEL_VERSION_HEADER, version);
  if (service.degraded()) metadata.set(DEGRADED_HEADER, '1');
  return metadata;
}

function unary<T>(handle: (call: Call<T>) => Promise<object>) {
  return (call: Call<T>, callback: sendUnaryData<object>) => {
    handle(call).then(
      (message) => callback(null, message),
      (thrown: unknown) => callback(statusOf(asProblem(thrown))),
    );
  };
}

function statusOf({ code, message }: Problem) {
  return { code: status[code], details: message };
}

function deadlineMs(call: Call<unknown>, nowMs: number): number {
  const deadline = call.getDeadline();
  const epochMs = deadline instanceof Date ? deadline.getTime() : deadline;
  return epochMs === Number.POSITIVE_INFINITY ? epochMs : nowMs + (epochMs - Date.now());
}

function traceOf(call: Call<unknown>): TraceContext | undefined {
  return parseTraceparent(call.metadata.get('traceparent')[0]?.toString());
}

function specMessage({ name, datatype, shape }: TensorSpec) {
  return { name, datatype, shape: shape.map(BigInt) };
}
