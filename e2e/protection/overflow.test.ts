import { afterAll, beforeAll, expect, it } from 'vitest';
import { Caller } from '../translate/caller.ts';
import { until } from '../translate/mesh.ts';
import { answers, frame, type StandIn, startStandIn } from '../translate/model-server.ts';
import { type Load, startLoad } from './load.ts';
import { type Queueing, queueing } from './queueing.ts';
import { World } from './world.ts';

const HOST = 'fraud.default.svc.cluster.local';
const STREAM_PATH = '/test.Model/Stream';
/** Of each of the two private instances, calls a second. */
const CAPACITY = 40;
const WINDOW_MS = 5_000;
const PATIENCE_MS = 90_000;

let own: readonly StandIn[];
let rented: StandIn;
let plants: readonly Queueing[];
let world: World;
let caller: Caller;

const specs = () => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  timeouts: {request: 0s}
  versions:
  - name: v1
    endpoints:
      static:
      - {address: 127.0.0.1, port: ${own[0]?.port}, zone: private}
      - {address: 127.0.0.1, port: ${own[1]?.port}, zone: private}
      - {address: 127.0.0.1, port: ${rented.port}, zone: public, priority: 1}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, balancing: {overflow: {}}}
`;

beforeAll(async () => {
  own = await Promise.all([startStandIn('private-a'), startStandIn('private-b')]);
  rented = await startStandIn('public');
  plants = own.map((model) => {
    const plant = queueing(CAPACITY);
    model.behaviour = (stream, headers) => {
      if (headers[':path'] !== STREAM_PATH) return plant.behaviour(stream, headers);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(frame(Buffer.from('token')));
    };
    return plant;
  });
  rented.behaviour = answers('public');
  world = await World.start(specs());
  caller = new Caller((await world.outbound()).port);
});

afterAll(async () => {
  for (const plant of plants ?? []) plant.stop();
  caller?.close();
  await world?.stop();
  await Promise.all([...(own ?? []), ...(rented === undefined ? [] : [rented])].map((model) => model.stop()));
});

/** Calls a second that the public instance and the private ones answered in the window that ends now. */
function perSecond({ answers: given }: Load): { readonly public: number; readonly private: number } {
  const late = given.filter(({ at }) => at >= performance.now() - WINDOW_MS);
  const away = late.filter(({ text }) => text === 'public').length;
  return { public: (1000 * away) / WINDOW_MS, private: (1000 * (late.length - away)) / WINDOW_MS };
}

it('the private instances are used up first, and the public one takes the rest, by load', async () => {
  const stream = caller.hold(HOST, STREAM_PATH);
  const light = startLoad(caller, HOST, CAPACITY, 60_000);
  await until('calls go on', () => light.answers.length > 3 * CAPACITY);
  expect(perSecond(light).public).toBe(0);

  const heavy = startLoad(caller, HOST, 3 * CAPACITY, 60_000);
  const both: Load = {
    get answers() {
      return [...light.answers, ...heavy.answers];
    },
    stop: async () => {},
  };
  await until(
    'twice as much as the private ones can do is answered, as much of it as they can by them',
    () => {
      const waiting = plants.reduce((sum, plant) => sum + plant.waiting(), 0);
      const { public: away, private: kept } = perSecond(both);
      return waiting < CAPACITY && kept > 0.8 * 2 * CAPACITY && away > 0.6 * 2 * CAPACITY;
    },
    PATIENCE_MS,
  );
  const told = (await world.list('decisions')).filter(({ reason }) => reason === 'Overflowing');
  expect(told.at(-1)?.message).toMatch(/^v1: \d+ % to the second tier; the first: queue /);

  await heavy.stop();
  await until('they have it all again', () => perSecond(light).public === 0, PATIENCE_MS);
  await light.stop();
  expect(both.answers.filter(({ status }) => status !== 0)).toEqual([]);
  expect(stream.ended()).toBe(false);
});
