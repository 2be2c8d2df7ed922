import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { parseDuration } from '../src/core/api/duration.ts';
import { readSpecs } from '../src/core/api/read-specs.ts';
import { restoredState, savedState } from '../src/core/decide/saved-state.ts';
import { NEW_SERVICE_STATE } from '../src/core/decide/service-look.ts';
import {
  namesIn,
  parseDeltaRequest,
  parseSotwRequest,
  SUBSCRIBE,
  versionsIn,
} from '../src/core/delta/request.ts';
import { bytesField, textField } from '../src/core/delta/wire.ts';
import { parseConsulInstances } from '../src/discovery/consul-format.ts';
import { ModelInferRequestSchema } from '../src/gen/inference/open_inference_pb.js';
import { frameMessage, MessageReader } from '../src/grpc/messages.ts';
import { parseTimeoutMs } from '../src/grpc/timeout.ts';
import { decodeInfer } from '../src/model-server/grpc/infer-codec.ts';
import { decodeElements, encodeTexts } from '../src/model-server/tensors/strings.ts';
import { parseEnvelope } from '../src/signals/prometheus/answer-format.ts';

/** A parser that faces the network or a file. */
export interface Target {
  readonly name: string;
  /** Valid inputs, which are changed. */
  readonly seeds: readonly Buffer[];
  /** Reads the bytes. What it throws must be what it is said to throw, of these names; anything else is a finding. */
  readonly read: (bytes: Buffer) => void;
  readonly refuses: readonly string[];
}

const text = (...given: readonly string[]): Buffer[] => given.map((each) => Buffer.from(each));

const CLUSTERS = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const version = bytesField(5, Buffer.concat([textField(1, 'a'), textField(2, 'b3c1')]));
const delta = Buffer.concat([
  bytesField(1, textField(1, 'sidecar-1')),
  textField(2, CLUSTERS),
  textField(3, 'default/fraud/v1'),
  textField(4, 'default/fraud/v2'),
  version,
  textField(6, '17'),
  bytesField(7, textField(2, 'no such cluster')),
]);
const sotw = Buffer.concat([
  textField(1, 'v1'),
  bytesField(2, textField(1, 'sidecar-1')),
  textField(3, 'default/fraud/v1'),
  textField(4, CLUSTERS),
  textField(5, '17'),
]);

const infer = toBinary(
  ModelInferRequestSchema,
  create(ModelInferRequestSchema, {
    modelName: 'digits',
    modelVersion: '1',
    id: 'x',
    inputs: [{ name: 'image', datatype: 'FP32', shape: [1n, 4n] }],
    outputs: [{ name: 'scores' }],
    rawInputContents: [new Uint8Array(16)],
  }),
);

const specs = `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: 9101}]}}]
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, breaker: {preset: core, sleepWindow: 30s}}
`;

const vector =
  '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1700000000.1,"17"]}]}}';
const matrix =
  '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1700000000,"1"],[1700000001,"NaN"]]}]}}';
const consul =
  '[{"Node":{"Address":"10.0.0.1","Meta":{"zone":"a"}},"Service":{"Address":"","Port":9000,"Weights":{"Passing":3}}}]';

const readAll = (bytes: Buffer, encoding: string | undefined): void => {
  const reader = new MessageReader({ maxBytes: 65_536, encoding, encodings: ['gzip', 'deflate'] });
  const middle = bytes.length >> 1;
  for (const piece of [bytes.subarray(0, middle), bytes.subarray(middle)])
    for (const _ of reader.read(piece));
};

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
  if (!same) throw new Error('the two ways of reading an inference differ');
}

export const TARGETS: readonly Target[] = [
  {
    name: 'xds-delta-request',
    seeds: [delta],
    read: (bytes) => {
      const { rawNames, initialVersions } = parseDeltaRequest(bytes);
      if (rawNames) namesIn(rawNames, SUBSCRIBE, 1_000);
      if (initialVersions) versionsIn(initialVersions);
    },
    refuses: ['MalformedMessage', 'RequestRefused'],
  },
  {
    name: 'xds-sotw-request',
    seeds: [sotw],
    read: (bytes) => void parseSotwRequest(bytes, [Buffer.from('\u001a\u0003abc')]),
    refuses: ['MalformedMessage'],
  },
  {
    name: 'grpc-messages',
    seeds: [frameMessage(delta), Buffer.concat([frameMessage(sotw), frameMessage(Buffer.alloc(0))])],
    read: (bytes) => readAll(bytes, 'gzip'),
    refuses: ['CallFailed'],
  },
  {
    name: 'grpc-timeout',
    seeds: text('10S', '99999999n'),
    read: (bytes) => void parseTimeoutMs(bytes.toString()),
    refuses: [],
  },
  {
    name: 'inference-request',
    seeds: [Buffer.from(infer)],
    read: inferAlike,
    // The last: text that is no UTF-8, which the general way refuses.
    refuses: ['Error', 'RangeError', 'Problem', 'TypeError'],
  },
  {
    name: 'tensor-of-bytes',
    seeds: [Buffer.from(encodeTexts(['one', '', 'three']))],
    read: (bytes) => void decodeElements(bytes),
    refuses: ['RangeError'],
  },
  {
    name: 'prometheus-answer',
    seeds: text(vector, matrix),
    read: (bytes) => void parseEnvelope(bytes.toString()),
    refuses: [],
  },
  {
    name: 'consul-answer',
    seeds: text(consul),
    read: (bytes) => void parseConsulInstances(jsonOf(bytes)),
    refuses: [],
  },
  {
    name: 'duration',
    seeds: text('1h30m', '250ms'),
    read: (bytes) => void parseDuration(bytes.toString()),
    refuses: [],
  },
  {
    name: 'saved-state',
    seeds: text(JSON.stringify(savedState(NEW_SERVICE_STATE))),
    read: (bytes) => void restoredState(jsonOf(bytes)),
    refuses: [],
  },
  {
    name: 'specs',
    seeds: text(specs),
    read: (bytes) => void readSpecs([{ file: 'fuzz.yaml', text: bytes.toString() }]),
    refuses: [],
  },
];

/** What is no JSON is somebody else's matter. */
function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
