import { create } from '@bufbuild/protobuf';
import { Client, type ClientUnaryCall, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { GRPCInferenceService, ModelInferRequestSchema } from '../gen/inference/open_inference_pb.js';
import { methodDefinition } from './grpc/definition.ts';
import { SHIPPED_MODELS, type StartedServer, startServer, until } from './testdata/started-server.ts';

const CALLS = 200;
const INFER = methodDefinition(GRPCInferenceService, GRPCInferenceService.method.modelInfer);
const data = new Uint8Array(Float32Array.from({ length: 64 * 256 }, () => 0.5).buffer);

let started: StartedServer;
let client: Client;

beforeEach(async () => {
  const options = ['--model-repository', SHIPPED_MODELS, '--model', 'compute-bound', '--max-batch-size', '1'];
  started = await startServer(...options);
  client = new Client(started.address, credentials.createInsecure());
});
afterEach(async () => {
  client.close();
  await started[Symbol.asyncDispose]();
});

/** Makes a call of some milliseconds' work; `ended` tells its status. */
function send(parameters: Record<string, bigint> = {}): { call: ClientUnaryCall; ended: Promise<status> } {
  const message = create(ModelInferRequestSchema, {
    modelName: 'compute-bound',
    inputs: [{ name: 'input', datatype: 'FP32', shape: [1n, 64n, 256n] }],
    rawInputContents: [data],
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [
        name,
        { parameterChoice: { case: 'int64Param' as const, value } },
      ]),
    ),
  });
  const { promise: ended, resolve } = Promise.withResolvers<status>();
  const answered = (error: ServiceError | null) => resolve(error?.code ?? status.OK);
  const call = client.makeUnaryRequest(
    INFER.path,
    INFER.requestSerialize,
    INFER.responseDeserialize,
    message,
    answered,
  );
  return { call, ended };
}

const queued = () => started.metric('model_queue_depth');
const counted = (code: string) => started.metric('model_requests_total', { code });
const computed = () => started.metric('model_batch_rows_sum');

it('computes no call whose caller has gone', async () => {
  const calls = Array.from({ length: CALLS }, () => send());
  // All have come: one that is cancelled before it was sent is no matter of the server's.
  await until(async () => (await queued()) + (await counted('OK')) >= CALLS - 1);
  for (const { call } of calls.slice(CALLS / 2)) call.cancel();
  const outcomes = await Promise.all(calls.map(({ ended }) => ended));

  expect(new Set(outcomes.slice(0, CALLS / 2))).toEqual(new Set([status.OK]));
  expect(outcomes).toContain(status.CANCELLED);
  await until(async () => (await counted('OK')) + (await counted('CANCELLED')) === CALLS);
  expect(await computed()).toBe(await counted('OK'));
  expect(await counted('CANCELLED')).toBeGreaterThan(0);
});

it('computes no call that is too late', async () => {
  const patient = Array.from({ length: CALLS / 2 }, () => send());
  const hasty = Array.from({ length: CALLS / 2 }, () => send({ timeout: 1_000n }));
  const outcomes = await Promise.all(hasty.map(({ ended }) => ended));

  expect(new Set(await Promise.all(patient.map(({ ended }) => ended)))).toEqual(new Set([status.OK]));
  expect(outcomes.filter((outcome) => outcome === status.DEADLINE_EXCEEDED).length).toBeGreaterThan(
    CALLS / 4,
  );
  expect((await counted('OK')) + (await counted('DEADLINE_EXCEEDED'))).toBe(CALLS);
  expect(await computed()).toBe(await counted('OK'));
});

it('computes the urgent before those that came earlier', async () => {
  let left = CALLS;
  const patient = Array.from({ length: CALLS }, () => send().ended.then(() => left--));
  await until(async () => (await queued()) > CALLS / 2);
  await send({ priority: 1n }).ended;
  const leftThen = left;
  await Promise.all(patient);
  expect(leftThen).toBeGreaterThan(CALLS / 4);
});
