import { create, type DescMethod, type DescService, type MessageShape } from '@bufbuild/protobuf';
import { Client, credentials, loadPackageDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../gen/grpc/health/v1/health_pb.js';
import { GRPCInferenceService as Inference } from '../../gen/inference/open_inference_pb.js';
import { viewElements } from '../tensors/numbers.ts';
import { watchHealth } from '../testdata/health-watch.ts';
import { type StartedServer, startServer, TEST_MODELS, until } from '../testdata/started-server.ts';
import { methodDefinition } from './definition.ts';

/** Calls one method with any message of its input type. */
function caller(address: string) {
  const client = new Client(address, credentials.createInsecure());
  return {
    client,
    call<I extends DescMethod>(
      service: DescService,
      method: I,
      message: object,
    ): Promise<MessageShape<I['output']>> {
      const { path, requestSerialize, responseDeserialize } = methodDefinition(service, method);
      return new Promise((resolve, reject) =>
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          create(method.input, message as never),
          (error: ServiceError | null, answer) =>
            error ? reject(error) : resolve(answer as MessageShape<I['output']>),
        ),
      );
    },
  };
}

describe('the Open Inference Protocol on gRPC', () => {
  let started: StartedServer;
  let peer: ReturnType<typeof caller>;

  beforeAll(async () => {
    started = await startServer('--model-repository', TEST_MODELS, '--model', 'types', '--model', 'ragged');
    peer = caller(started.address);
  });
  afterAll(async () => {
    peer.client.close();
    await started[Symbol.asyncDispose]();
  });

  it('says that it is live and ready, and what it is', async () => {
    expect(await peer.call(Inference, Inference.method.serverLive, {})).toMatchObject({ live: true });
    expect(await peer.call(Inference, Inference.method.serverReady, {})).toMatchObject({ ready: true });
    expect(await peer.call(Inference, Inference.method.modelReady, { name: 'types' })).toMatchObject({
      ready: true,
    });
    expect(await peer.call(Inference, Inference.method.serverMetadata, {})).toMatchObject({
      name: 'penstock-model-server',
      extensions: expect.arrayContaining(['model_repository']),
    });
  });

  it('describes a model', async () => {
    const described = await peer.call(Inference, Inference.method.modelMetadata, { name: 'ragged' });
    expect(described).toMatchObject({
      name: 'ragged',
      versions: ['v1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n, -1n] }],
    });
    await expect(
      peer.call(Inference, Inference.method.modelMetadata, { name: 'cats' }),
    ).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });

  it('takes typed contents of every type that has them', async () => {
    const shape = [1n, 2n];
    const typed = [
      { name: 'bool', datatype: 'BOOL', contents: { boolContents: [true, false] } },
      { name: 'uint8', datatype: 'UINT8', contents: { uintContents: [1, 255] } },
      { name: 'uint16', datatype: 'UINT16', contents: { uintContents: [1, 65_535] } },
      { name: 'uint32', datatype: 'UINT32', contents: { uintContents: [1, 4_294_967_295] } },
      { name: 'uint64', datatype: 'UINT64', contents: { uint64Contents: [1n, 18_446_744_073_709_551_615n] } },
      { name: 'int8', datatype: 'INT8', contents: { intContents: [-128, 127] } },
      { name: 'int16', datatype: 'INT16', contents: { intContents: [-32_768, 1] } },
      { name: 'int32', datatype: 'INT32', contents: { intContents: [-2_147_483_648, 1] } },
      { name: 'int64', datatype: 'INT64', contents: { int64Contents: [-9_223_372_036_854_775_808n, 1n] } },
      { name: 'float', datatype: 'FP32', contents: { fp32Contents: [0.5, -2] } },
      { name: 'double', datatype: 'FP64', contents: { fp64Contents: [Math.PI, -2] } },
      { name: 'string', datatype: 'BYTES', contents: { bytesContents: [Buffer.from('ü'), Buffer.from('')] } },
    ];
    const inputs = typed.map((input) => ({ ...input, shape }));
    const half = { name: 'float16', datatype: 'FP16', shape, contents: { fp32Contents: [1, 2] } };
    await expect(
      peer.call(Inference, Inference.method.modelInfer, { modelName: 'types', inputs: [...inputs, half] }),
    ).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'input "float16": FP16 is taken in raw_input_contents only',
    });

    const answer = await peer.call(Inference, Inference.method.modelInfer, {
      modelName: 'ragged',
      id: 'seven',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [2n, 2n], contents: { fp32Contents: [1, 2, 3, 4] } }],
      outputs: [{ name: 'sum' }],
    });
    expect(answer).toMatchObject({
      modelName: 'ragged',
      modelVersion: 'v1',
      id: 'seven',
      outputs: [{ name: 'sum', datatype: 'FP32', shape: [2n] }],
    });
    expect(
      Array.from(viewElements('FP32', answer.rawOutputContents[0] ?? new Uint8Array()) as Float32Array),
    ).toEqual([3, 7]);
  });

  it.each([
    [
      'raw contents for some inputs only',
      {
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1n, 1n] }],
        rawInputContents: [new Uint8Array(4), new Uint8Array(4)],
      },
      '1 inputs need as many raw_input_contents, given 2',
    ],
    [
      'raw and typed contents',
      {
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1n, 1n], contents: { fp32Contents: [1] } }],
        rawInputContents: [new Uint8Array(4)],
      },
      'has contents although raw_input_contents are given',
    ],
    [
      'an unknown datatype',
      { inputs: [{ name: 'x', datatype: 'FLOAT', shape: [1n, 1n] }] },
      'unknown datatype "FLOAT"',
    ],
    [
      'a negative dimension',
      { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n, 1n] }] },
      'negative dimension',
    ],
    [
      'an unknown output',
      {
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1n, 1n], contents: { fp32Contents: [1] } }],
        outputs: [{ name: 'y' }],
      },
      'unknown output "y"; the model\'s outputs are "sum", "doubled"',
    ],
    [
      'a priority in words',
      { inputs: [], parameters: { priority: { parameterChoice: { case: 'stringParam', value: 'high' } } } },
      'parameter "priority" needs a number',
    ],
  ])('refuses %s', async (_what, message, words) => {
    await expect(
      peer.call(Inference, Inference.method.modelInfer, { modelName: 'ragged', ...message }),
    ).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining(words) });
  });

  it('describes itself by reflection', async () => {
    const definition = loadPackageDefinition({});
    expect(definition).toEqual({});
    const stream = peer.client.makeBidiStreamRequest(
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
    );
    // list_services (field 7) of everything.
    stream.write(Buffer.from([0x3a, 0x01, 0x2a]));
    const answer = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
    stream.end();
    expect(answer.toString()).toContain('inference.GRPCInferenceService');
    expect(answer.toString()).toContain('grpc.health.v1.Health');
  });
});

describe('a model repository on gRPC', () => {
  it('is listed, loaded and unloaded', async () => {
    await using started = await startServer('--model-repository', TEST_MODELS, '--model', 'ragged');
    const peer = caller(started.address);
    const index = async (request = {}) =>
      (await peer.call(Inference, Inference.method.repositoryIndex, request)).models.map(
        ({ name, version, state }) => `${name}/${version} ${state}`,
      );
    expect(await index({ ready: true })).toEqual(['ragged/v1 READY']);
    expect(await index()).toContain('lookup/v1 UNAVAILABLE');
    await peer.call(Inference, Inference.method.repositoryModelLoad, { modelName: 'lookup' });
    expect(await index({ ready: true })).toEqual(['lookup/v1 READY', 'ragged/v1 READY']);
    await peer.call(Inference, Inference.method.repositoryModelUnload, { modelName: 'lookup' });
    expect(await index({ ready: true })).toEqual(['ragged/v1 READY']);
    await expect(
      peer.call(Inference, Inference.method.repositoryModelLoad, { modelName: 'cats' }),
    ).rejects.toMatchObject({ code: status.NOT_FOUND });
    peer.client.close();
  });
});

describe('grpc.health.v1', () => {
  it('tells the health of the server and of each model, and of changes', async () => {
    await using started = await startServer('--model-repository', TEST_MODELS, '--model', 'ragged');
    const peer = caller(started.address);
    const check = async (service: string) =>
      (await peer.call(Health, Health.method.check, { service })).status;
    for (const name of ['', 'ragged', 'ragged/v1', 'inference.GRPCInferenceService']) {
      expect(await check(name)).toBe(ServingStatus.SERVING);
    }
    await expect(check('cats')).rejects.toMatchObject({ code: status.NOT_FOUND });

    const server = watchHealth(started.address, '');
    const other = watchHealth(started.address, 'lookup');
    await until(() => server.seen.length === 1 && other.seen.length === 1);
    expect([...server.seen, ...other.seen].map((change) => change.status)).toEqual([
      ServingStatus.SERVING,
      ServingStatus.SERVICE_UNKNOWN,
    ]);
    await peer.call(Inference, Inference.method.repositoryModelLoad, { modelName: 'lookup' });
    await until(() => other.seen.at(-1)?.status === ServingStatus.SERVING);
    const closed = started.server.close();
    await until(() => server.seen.at(-1)?.status === ServingStatus.NOT_SERVING);
    await closed;
    for (const watch of [server, other]) watch.close();
    peer.client.close();
  });
});
