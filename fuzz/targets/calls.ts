import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Exchange } from '../../src/fallback-cache/exchange.ts';
import { MessageFrames } from '../../src/fallback-cache/message-frames.ts';
import { ProcessingRequestSchema } from '../../src/gen/envoy/service/ext_proc/v3/external_processor_pb.js';
import { HealthCheckRequestSchema } from '../../src/gen/grpc/health/v1/health_pb.js';
import { ModelInferRequestSchema } from '../../src/gen/inference/open_inference_pb.js';
import { frameMessage, MessageReader } from '../../src/grpc/messages.ts';
import { parseTimeoutMs } from '../../src/grpc/timeout.ts';
import { decodeOutputs, encodeOutputs } from '../../src/model-server/cache/answers.ts';
import { decodeInfer } from '../../src/model-server/grpc/infer-codec.ts';
import { parseRestRequest, restRequest } from '../../src/model-server/http/json-tensors.ts';
import { decodeElements, encodeTexts } from '../../src/model-server/tensors/strings.ts';
import { parseTraceparent } from '../../src/model-server/tracing/context.ts';
import { jsonOf, promise, type Target, texts } from '../target.ts';
import { DELTA_REQUEST, SOTW_REQUEST } from './xds.ts';

const INFER = Buffer.from(
  toBinary(
    ModelInferRequestSchema,
    create(ModelInferRequestSchema, {
      modelName: 'digits',
      modelVersion: '1',
      id: 'x',
      inputs: [{ name: 'image', datatype: 'FP32', shape: [1n, 4n] }],
      outputs: [{ name: 'scores' }],
      rawInputContents: [new Uint8Array(16)],
    }),
  ),
);

const REST = [
  '{"id":"x","parameters":{"timeout":5000,"priority":1},"inputs":[{"name":"image","datatype":"FP32","shape":[2,2],"data":[[1,2.5],[-3,4]]}],"outputs":[{"name":"scores"}]}',
  '{"inputs":[{"name":"text","datatype":"BYTES","shape":[2],"data":["one",""]},{"name":"big","datatype":"INT64","shape":[1],"data":[17]},{"name":"flag","datatype":"BOOL","shape":[1],"data":[true]}]}',
];

const OUTPUTS = Buffer.from(
  encodeOutputs([
    { name: 'scores', datatype: 'FP32', shape: [1, 4], data: new Uint8Array(16) },
    { name: 'label', datatype: 'BYTES', shape: [1], data: encodeTexts(['seven']) },
  ]),
);

type Piece = Parameters<typeof create<typeof ProcessingRequestSchema>>[1];

const headersOf = (headers: Readonly<Record<string, string>>) => ({
  headers: Object.entries(headers).map(([key, value]) => ({ key, rawValue: Buffer.from(value) })),
});
const piece = (given: Piece): Buffer =>
  frameMessage(toBinary(ProcessingRequestSchema, create(ProcessingRequestSchema, given)));
const OBSERVED = Buffer.concat([
  piece({
    request: {
      case: 'requestHeaders',
      value: { headers: headersOf({ ':method': 'POST', ':path': '/m/Infer' }) },
    },
  }),
  piece({ request: { case: 'requestBody', value: { body: Buffer.from('in'), endOfStream: true } } }),
  piece({
    request: {
      case: 'responseHeaders',
      value: { headers: headersOf({ ':status': '200', 'content-type': 'application/grpc' }) },
    },
  }),
  piece({ request: { case: 'responseBody', value: { body: Buffer.from('answer') } } }),
  piece({ request: { case: 'responseTrailers', value: { trailers: headersOf({ 'grpc-status': '0' }) } } }),
]);

function readAll(bytes: Buffer, encoding: string | undefined): void {
  const reader = new MessageReader({ maxBytes: 65_536, encoding, encodings: ['gzip', 'deflate'] });
  const middle = bytes.length >> 1;
  for (const half of [bytes.subarray(0, middle), bytes.subarray(middle)]) for (const _ of reader.read(half));
}

function observe(bytes: Buffer): void {
  const exchange = new Exchange();
  for (const message of new MessageFrames(65_536).push(bytes))
    if (exchange.take(fromBinary(ProcessingRequestSchema, message)) !== undefined) return;
}

/** The quick way and the general way read the same. */
function inferAlike(bytes: Buffer): void {
  const quick = decodeInfer(bytes);
  const general = fromBinary(ModelInferRequestSchema, bytes);
  const same =
    quick.modelName === general.modelName &&
    quick.id === general.id &&
    quick.inputs.length === general.inputs.length &&
    quick.inputs.every(({ name, shape }, i) => {
      const input = general.inputs[i];
      return input?.name === name && input.shape.map(Number).join() === shape.join();
    }) &&
    quick.raw.every((raw, i) => Buffer.from(raw).equals(general.rawInputContents[i] ?? Buffer.alloc(0)));
  promise(same, 'the two ways of reading an inference read the same');
}

/** JSON, and after a zero byte what follows it in the body. */
function readRest(bytes: Buffer): void {
  const zero = bytes.indexOf(0);
  const end = zero < 0 ? bytes.length : zero;
  const { inputs } = restRequest(parseRestRequest(jsonOf(bytes.subarray(0, end))), bytes.subarray(end + 1), {
    model: 'digits',
    version: '',
    nowMs: 0,
    onGone: () => {},
    trace: undefined,
  });
  for (const { data } of inputs) promise(data.length <= 16 * bytes.length, 'a tensor is bounded by its text');
}

/** What calls bring: to the control plane's gRPC, to the model server, to the fallback cache. */
export const CALL_TARGETS: readonly Target[] = [
  {
    name: 'grpc-messages',
    seeds: [frameMessage(DELTA_REQUEST), Buffer.concat([SOTW_REQUEST, Buffer.alloc(0)].map(frameMessage))],
    read: (bytes) => readAll(bytes, 'gzip'),
    refuses: ['CallFailed'],
  },
  {
    name: 'grpc-timeout',
    seeds: texts('10S', '99999999n'),
    read: (bytes) => promise(parseTimeoutMs(bytes.toString('latin1')) >= 0, 'a timeout is a time'),
    refuses: [],
  },
  {
    name: 'trace-context',
    seeds: texts('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
    read: (bytes) => void parseTraceparent(bytes.toString('latin1')),
    refuses: [],
  },
  {
    name: 'health-request',
    seeds: [
      Buffer.from(
        toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service: 'digits' })),
      ),
    ],
    read: (bytes) => void fromBinary(HealthCheckRequestSchema, bytes),
    refuses: ['Error', 'RangeError', 'TypeError'],
  },
  {
    name: 'inference-request',
    seeds: [INFER],
    read: inferAlike,
    // The last: text that is no UTF-8, which the general way refuses.
    refuses: ['Error', 'RangeError', 'Problem', 'TypeError'],
  },
  {
    name: 'inference-rest',
    seeds: texts(...REST),
    isJson: true,
    read: readRest,
    refuses: ['NoJson', 'Problem'],
  },
  {
    name: 'tensor-of-bytes',
    seeds: [Buffer.from(encodeTexts(['one', '', 'three']))],
    read: (bytes) => void decodeElements(bytes),
    refuses: ['RangeError'],
  },
  {
    name: 'cached-answer',
    seeds: [OUTPUTS],
    read: (bytes) => {
      const outputs = decodeOutputs(bytes) ?? [];
      const held = outputs.reduce((sum, { data }) => sum + data.length, 0);
      promise(held <= bytes.length, 'an answer is no longer than what it is read from');
    },
    refuses: [],
  },
  {
    name: 'observed-call',
    seeds: [OBSERVED],
    read: observe,
    refuses: ['Error', 'RangeError', 'TypeError'],
  },
];
