import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Caller } from '../translate/caller.ts';
import { until } from '../translate/mesh.ts';
import { HOST, IstioMesh } from './istio-mesh.ts';

/** Nobody but a person leaves a step. */
const ROLLOUT = `---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2, namespace: ml}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 30}, {pause: {}}, {setWeight: 60}, {pause: {}}, {setWeight: 100}]}
  analysis: {interval: 500ms, warmUp: 0s}
`;
const USERS = 10_000;

let mesh: IstioMesh;
let outsider: Caller;
/** Which of the users the candidate answers, by who calls for them. */
const atThirty = { sidecar: new Set<number>(), gateway: new Set<number>() };
let pushes = 0;

beforeAll(async () => {
  mesh = await IstioMesh.start({
    specs: ROLLOUT,
    serviceSpec: '  stickiness: [{header: x-user-id}]',
    gateway: true,
  });
  outsider = mesh.outsider();
  await mesh.weightIs(3000);
  await until('the gateway leads to the models', async () => {
    const { status, version } = await outsider.call(HOST, {}, 1000);
    return status === 0 && version !== undefined;
  });
  pushes = await mesh.istiod.pushes();
  atThirty.sidecar = await candidates(mesh.caller, USERS);
  atThirty.gateway = await candidates(outsider, USERS / 5);
});
afterAll(async () => {
  outsider?.close();
  await mesh?.stop();
});

async function candidates(caller: Caller, users: number): Promise<Set<number>> {
  const answers = await caller.calls(users, HOST, (index) => ({ 'x-user-id': `u${index}` }));
  expect(answers.filter(({ status }) => status !== 0)).toEqual([]);
  return new Set(answers.flatMap(({ version }, index) => (version === 'v2' ? [index] : [])));
}

/** Within four standard deviations of what hashing that many users leaves to chance. */
function expectShare(found: number, users: number, share: number): void {
  expect(Math.abs(found / users - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / users));
}

describe("10 000 users in Istio's mesh", () => {
  it('are split by the weights, and the same through an ingress gateway', () => {
    expectShare(atThirty.sidecar.size, USERS, 0.3);
    const first = [...atThirty.sidecar].filter((user) => user < USERS / 5);
    expect([...atThirty.gateway].toSorted((a, b) => a - b)).toEqual(first.toSorted((a, b) => a - b));
  });

  it('stay with the candidate when its weight rises, in the gateway too, without a push of istiod', async () => {
    await mesh.penstock.run('promote', 'ml/fraud-v2');
    await mesh.weightIs(6000);
    const atSixty = await candidates(mesh.caller, USERS);
    expectShare(atSixty.size, USERS, 0.6);
    expect([...atThirty.sidecar].filter((user) => !atSixty.has(user))).toEqual([]);
    await until('the gateway has the weight too', async () => {
      const through = await candidates(outsider, USERS / 5);
      return [...atSixty].every((user) => user >= USERS / 5 || through.has(user));
    });
    expect(await mesh.istiod.pushes()).toBe(pushes);
  });
});
