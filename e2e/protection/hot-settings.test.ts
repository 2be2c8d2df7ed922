import { afterAll, beforeAll, expect, it } from 'vitest';
import { Caller } from '../translate/caller.ts';
import { until } from '../translate/mesh.ts';
import { answers, frame, type StandIn, startStandIn } from '../translate/model-server.ts';
import { type Load, startLoad } from './load.ts';
import { World } from './world.ts';

const HOST = 'fraud.default.svc.cluster.local';
const STREAM_PATH = '/test.Model/Stream';

let model: StandIn;
let world: World;
let caller: Caller;
let load: Load;

const specs = (policy: string) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  timeouts: {request: 0s}
  versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${model.port}}]}}]
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, ${policy}}
`;

beforeAll(async () => {
  model = await startStandIn('v1');
  const usual = answers('v1');
  model.behaviour = (stream, headers) => {
    if (headers[':path'] !== STREAM_PATH) return usual(stream, headers);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(frame(Buffer.from('token')));
  };
  world = await World.start(specs('breaker: {fallback: {response: {grpcStatus: ABORTED}}}'));
  caller = new Caller((await world.outbound()).port);
  load = startLoad(caller, HOST, 200);
});

afterAll(async () => {
  await load?.stop();
  caller?.close();
  await world?.stop();
  await model?.stop();
});

it('every setting of a policy changes under load, and neither a call nor a stream is lost', async () => {
  const stream = caller.hold(HOST, STREAM_PATH);
  const fallback = async () => (await world.list('breakers'))[0]?.fallback;
  const policies: readonly (readonly [string, string])[] = [
    ['INTERNAL', 'breaker: {preset: core, fallback: {response: {grpcStatus: INTERNAL}}}'],
    [
      'NOT_FOUND',
      'breaker: {requestVolumeThreshold: 3, errorThresholdPercent: 9, window: 60s, estimator: Ewma, fallback: {response: {grpcStatus: NOT_FOUND}}}',
    ],
    [
      'UNKNOWN',
      'breaker: {sleepWindow: 1s, slowCall: {duration: 9s}, halfOpen: {percent: 50}, recovery: {steps: [100]}, bypass: [{path: /a}, {headers: [{name: x-probe, value: "yes"}]}], fallback: {response: {grpcStatus: UNKNOWN, message: none, headers: {x-a: b}}}}',
    ],
    [
      'DATA_LOSS',
      'breaker: {fastTrip: false, shadow: true, fallback: {response: {grpcStatus: DATA_LOSS}}}, outlierDetection: {consecutiveErrors: 9}, balancing: {gain: 0.5}',
    ],
    [
      'OUT_OF_RANGE',
      'breaker: {fallback: {response: {grpcStatus: OUT_OF_RANGE}}}, rateLimits: [{name: all, requestsPerSecond: 9000}]',
    ],
  ];
  for (const [status, policy] of policies) {
    world.edit(specs(policy));
    await until(`${status} is in force`, async () => (await fallback()) === `${status} response`);
    const seen = load.answers.length;
    await until('calls go on', () => load.answers.length > seen + 100);
  }
  await load.stop();
  expect(load.answers.length).toBeGreaterThan(500);
  expect(load.answers.filter(({ status }) => status !== 0)).toEqual([]);
  expect(stream.ended()).toBe(false);
});
