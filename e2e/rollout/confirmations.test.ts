import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeMetadata } from '../../src/core/translate/node-metadata.ts';
import { type Received, Receiver } from '../../src/notify/receiver-fixture.ts';
import { freePort, until } from '../translate/mesh.ts';
import { type RunningEnvoy, startEnvoy } from '../xds/envoy.ts';
import { Penstock } from './penstock.ts';

process.env.PENSTOCK_E2E_HOOK_KEY = 'k3y';

const specs = (url: string) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: 9101}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: 9201}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 5}, {setWeight: 25}, {setWeight: 100}]}
  retention: 1s
  analysis:
    interval: 200ms
    warmUp: 0s
    webhooks:
    - {type: confirm-rollout, url: '${url}/rollout', retries: 5, secret: {env: PENSTOCK_E2E_HOOK_KEY}}
    - {type: confirm-step, url: '${url}/step', timeout: 1s}
    - {type: confirm-promotion, url: '${url}/promotion'}
`;

let receiver: Receiver;
let penstock: Penstock;
let envoy: RunningEnvoy;

/** What was received at a path. */
const at = (path: string) => receiver.received.filter((each) => each.path === path);
const weight = async () => (await penstock.rollout()).weight;
const payload = (request: Received | undefined) => JSON.parse(request?.body ?? '{}');

beforeAll(async () => {
  receiver = new Receiver();
  receiver.reply = () => ({ status: 503 });
  penstock = await Penstock.start(specs(await receiver.listen()));
  const node = { kind: 'outbound', address: '127.0.0.1', port: await freePort() } as const;
  const options = { nodeId: 'client', xdsPort: penstock.xdsPort, protocol: 'delta' } as const;
  envoy = await startEnvoy({ ...options, metadata: nodeMetadata(node) });
});
afterAll(async () => {
  await envoy?.stop();
  await penstock?.stop();
  await receiver?.close();
});

test('nothing moves before the first yes; the question is signed, and repeated while nobody can answer', async () => {
  await until('it was asked thrice', () => at('/rollout').length >= 3);
  const [first] = at('/rollout');
  const signature = createHmac('sha256', 'k3y')
    .update(first?.body ?? '')
    .digest('hex');
  expect(first?.headers['x-penstock-signature']).toBe(signature);
  expect(payload(first)).toMatchObject({
    type: 'confirm-rollout',
    rollout: { namespace: 'default', name: 'fraud-v2' },
    service: { namespace: 'default', name: 'fraud' },
    stable: 'v1',
    candidate: 'v2',
    weight: 0,
    nextWeight: 5,
  });
  expect(await weight()).toBe(0);
});

test('a step waits for its yes over a crash, during which a receiver hangs', async () => {
  receiver.reply = ({ path }) => (path === '/step' ? 'hang' : { status: 200 });
  await until('the step was asked for', () => at('/step').length > 0);
  expect(await weight()).toBe(500);
  const asked = at('/step').length;
  await penstock.crash();
  await until('it is asked for again', () => at('/step').length > asked);
  expect(await weight()).toBe(500);
  expect(payload(at('/step').at(-1))).toMatchObject({
    key: 'confirm-step/0.1',
    step: 1,
    steps: 3,
    nextWeight: 25,
  });
});

test('a no holds the promotion, a yes lets it go, and the record says who gave both', async () => {
  let allow = false;
  receiver.reply = ({ path }) =>
    path === '/promotion' ? { status: 200, body: JSON.stringify({ allow }) } : { status: 200 };
  await until('the promotion was refused', async () =>
    (await penstock.decisions()).some(({ reason }) => reason === 'Refused'),
  );
  const said = 'confirm-promotion said no; it is asked again';
  await until('it says so', async () => (await penstock.rollout()).message === said);
  expect(await weight()).toBe(2500);
  allow = true;
  await until('it was promoted', async () => (await weight()) === 10_000);
  await until('it is complete', async () => (await penstock.rollout()).phase === 'Completed');
  const { host } = new URL(`http://${receiver.received[0]?.headers.host}`);
  const told = (await penstock.decisions())
    .filter(({ actor }) => actor === host)
    .map(({ message }) => message);
  expect(told).toContain(`${host} refused confirm-promotion (200)`);
  expect(told).toContain(`${host} confirmed confirm-promotion (200)`);
});
