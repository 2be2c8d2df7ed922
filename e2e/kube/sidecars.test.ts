import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DecisionRecord, RolloutStatus } from '../../src/core/status/status.ts';
import { nodeMetadata } from '../../src/core/translate/node-metadata.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import type { Serve } from '../penstock-process.ts';
import { type Load, startLoad } from '../protection/load.ts';
import { Caller } from '../translate/caller.ts';
import { freePort } from '../translate/mesh.ts';
import { answers, fails, type StandIn, startStandIn } from '../translate/model-server.ts';
import { type RunningEnvoy, startEnvoy } from '../xds/envoy.ts';
import type { ApiServer } from './api-server.ts';
import { modelRollout, modelService, startCluster, startReplica, untilField, yaml } from './cluster.ts';

const HOST = 'fraud.default.svc.cluster.local';
const GATES = [{ name: 'errors', type: 'ErrorRate', maxRatio: 2, thresholdRange: { max: 0.05 } }];
const STEPS = { steps: [10, 30, 60].flatMap((setWeight) => [{ setWeight }, { pause: { duration: '4s' } }]) };

/** A caller's sidecar that follows one replica, and the calls through it. */
interface Client {
  readonly envoy: RunningEnvoy;
  readonly caller: Caller;
  load: Load;
}

let server: ApiServer;
let models: readonly [StandIn, StandIn];
let replicas: Serve[] = [];
let clients: Client[] = [];

async function startClient(nodeId: string, replica: Serve): Promise<Client> {
  const port = await freePort();
  const node = { kind: 'outbound', address: '127.0.0.1', port } as const;
  const metadata = nodeMetadata(node);
  const envoy = await startEnvoy({ nodeId, xdsPort: replica.xdsPort, protocol: 'delta', metadata });
  const caller = await waitUntil('the sidecar leads to the models', async () => {
    const tried = new Caller(port);
    if ((await tried.call(HOST, {}, 500)).status === 0) return tried;
    tried.close();
    return undefined;
  });
  return { envoy, caller, load: startLoad(caller, HOST, 40) };
}

function service(): object {
  const versions = models.map(({ port }, index) => ({
    name: `v${index + 1}`,
    endpoints: { static: [{ address: '127.0.0.1', port }] },
  }));
  return modelService('fraud', { versions });
}

function rollout(): object {
  const strategy = { steps: [...STEPS.steps, { setWeight: 100 }] };
  const analysis = { interval: '500ms', warmUp: '0s', metrics: GATES };
  return modelRollout('fraud-v2', 'fraud', { strategy, analysis, retention: '0s' });
}

beforeAll(async () => {
  server = await startCluster();
  models = [await startStandIn('v1'), await startStandIn('v2')];
  await server.apply(yaml(service()));
  const first = await startReplica(server);
  await untilField(server, 'msvc/fraud', '.status.traffic', 'v1 100%');
  replicas = [first, await startReplica(server)];
  for (const [index, replica] of replicas.entries())
    clients.push(await startClient(`client-${index}`, replica));
});
afterAll(async () => {
  for (const { load, caller, envoy } of clients) {
    await load.stop();
    caller.close();
    await envoy.stop();
  }
  clients = [];
  await Promise.all(replicas.map((replica) => replica.stop()));
  for (const model of models ?? []) await model.stop();
  await server.stop();
});

const rolloutAt = async (replica: Serve) => (await replica.api<readonly RolloutStatus[]>('rollouts'))[0];
const lost = () => clients.flatMap(({ load }) => load.answers.filter(({ status }) => status !== 0)).length;
const leaderOf = () =>
  waitUntil('one replica decides', async () => {
    for (const replica of replicas) if ((await replica.status()).replica?.leading) return replica;
    return undefined;
  });

describe('real sidecars of two replicas', () => {
  it('are taken to the candidate by the evidence of both, also when the one that decides is killed on the way', async () => {
    const leader = await leaderOf();
    const [other] = replicas.filter((replica) => replica !== leader) as [Serve];
    await server.apply(yaml(rollout()));
    await untilField(server, 'mro/fraud-v2', '.status.weight', '30%', 60_000);
    const weights = new Set<number>();
    const startedAt = performance.now();
    await leader.stop('SIGKILL');
    replicas = [other];
    await waitUntil('another decides', async () => {
      weights.add((await rolloutAt(other))?.weight ?? -1);
      return (await other.status()).replica?.leading;
    });
    console.log(
      `another replica decided ${((performance.now() - startedAt) / 1000).toFixed(1)} s later, in mid-rollout`,
    );
    expect([...weights]).toEqual([3000]);
    // The pod is started again: its sidecar finds a replica under the same address.
    replicas.push(await startReplica(server, leader.xdsAddress));
    await untilField(server, 'mro/fraud-v2', '.status.weight', '100%', 60_000);
    for (const { caller } of clients) {
      await waitUntil('every call is answered by the candidate', async () => {
        const answered = await caller.calls(50, HOST);
        return answered.every(({ version }) => version === 'v2');
      });
    }
    expect(lost()).toBe(0);
  });

  it('show the one that decides what only another replica sees', async () => {
    const leader = await leaderOf();
    await server.kubectl(['delete', 'mro', 'fraud-v2']);
    await untilField(server, 'msvc/fraud', '.status.traffic', 'v1 100%');
    // Only the sidecar of the replica that follows makes calls.
    const [first] = clients as [Client];
    await clients[replicas.indexOf(leader) === 0 ? 1 : 0]?.load.stop();
    models[1].behaviour = (stream, headers) =>
      (Math.random() < 0.5 ? fails(14) : answers('v2'))(stream, headers);
    expect(first.load.answers.length).toBeGreaterThan(0);
    await server.apply(yaml({ ...rollout(), metadata: { name: 'fraud-again' } }));
    await untilField(server, 'mro/fraud-again', '.status.phase', /RolledBack|RollingBack/, 60_000);
    const decisions = await leader.api<readonly DecisionRecord[]>('decisions?limit=50');
    const back = decisions.find(
      ({ subject, reason }) => subject.endsWith('fraud-again') && reason === 'GateBreached',
    );
    expect(back?.message ?? JSON.stringify(decisions.map(({ reason }) => reason))).toContain('errors');
  });
});
