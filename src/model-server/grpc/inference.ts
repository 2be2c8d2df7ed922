import type { OutgoingHttpHeaders } from 'node:http2';
import { GRPCInferenceService } from '../../gen/inference/open_inference_pb.js';
import type { CallContext, Method, Outcome } from '../../grpc/method.ts';
import { asProblem, Problem } from '../protocol/problem.ts';
import type { ModelService } from '../service.ts';
import type { TensorSpec } from '../tensors/tensor.ts';
import { parseTraceparent } from '../tracing/context.ts';
import { decodeInfer, encodeInfer, type InferMessage } from './infer-codec.ts';
import { createLoadReports, LOAD_REPORT_HEADER } from './load-report.ts';
import { pathOf, unaryMethod } from './methods.ts';
import { requestOf } from './tensors.ts';

/** Metadata that every answer carries: the version that gave it. */
const MODEL_VERSION_HEADER = 'x-model-version';
/** Metadata that tells the mesh to send less. */
const DEGRADED_HEADER = 'x-envoy-degraded';

/** The methods of `inference.GRPCInferenceService`. */
export function inferenceMethods(service: ModelService): [string, Method][] {
  const { method } = GRPCInferenceService;
  return [
    unaryMethod(method.serverLive, () => ({ live: true })),
    unaryMethod(method.serverReady, () => ({ ready: service.ready() })),
    unaryMethod(method.modelReady, ({ name, version }) => ({ ready: service.modelReady(name, version) })),
    unaryMethod(method.serverMetadata, () => service.metadata()),
    unaryMethod(method.modelMetadata, ({ name, version }) => {
      const { inputs, outputs, ...rest } = service.modelMetadata(name, version);
      return {
        ...rest,
        versions: [...rest.versions],
        inputs: inputs.map(specMessage),
        outputs: outputs.map(specMessage),
      };
    }),
    unaryMethod(method.repositoryIndex, async ({ ready }) => {
      const entries = (await service.index()).filter((entry) => !ready || entry.state === 'READY');
      return { models: entries.map(({ model, ...entry }) => ({ name: model, ...entry })) };
    }),
    unaryMethod(method.repositoryModelLoad, async ({ modelName, parameters }) => {
      const versions = parameters.versions?.parameterChoice;
      await service.load(modelName, versions?.case === 'stringParam' ? versions.value : '');
      return {};
    }),
    unaryMethod(method.repositoryModelUnload, async ({ modelName }) => {
      await service.unload(modelName);
      return {};
    }),
    [pathOf(method.modelInfer), inferMethod(service)],
  ];
}

/** `ModelInfer`, which comes most often: coded by hand, and with metadata of its own. */
function inferMethod(service: ModelService): Method {
  const loadReport = createLoadReports(() => service.loadReport());
  const call = async (bytes: Buffer, context: CallContext): Promise<Outcome> => {
    let message: InferMessage | undefined;
    try {
      message = decode(bytes);
      const { deadlineMs, onGone } = context;
      const trace = parseTraceparent(context.header('traceparent'));
      const answer = await service.infer(
        requestOf(message, { nowMs: performance.now(), deadlineMs, onGone, trace }),
      );
      return {
        message: encodeInfer(answer, message.id),
        headers: metadataOf(service, answer.version),
        trailers: { [LOAD_REPORT_HEADER]: loadReport() },
      };
    } catch (thrown) {
      const version = message && service.versionNamed(message.modelName, message.modelVersion);
      const headers = { ...metadataOf(service, version), [LOAD_REPORT_HEADER]: loadReport() };
      return { end: asProblem(thrown), headers };
    }
  };
  return { kind: 'unary', call };
}

function decode(bytes: Buffer): InferMessage {
  try {
    return decodeInfer(bytes);
  } catch (error) {
    throw new Problem(
      'INVALID_ARGUMENT',
      `the message is not a ModelInferRequest: ${(error as Error).message}`,
    );
  }
}

function metadataOf(service: ModelService, version: string | undefined): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  if (version !== undefined) headers[MODEL_VERSION_HEADER] = version;
  if (service.degraded()) headers[DEGRADED_HEADER] = '1';
  return headers;
}

function specMessage({ name, datatype, shape }: TensorSpec) {
  return { name, datatype, shape: shape.map(BigInt) };
}
