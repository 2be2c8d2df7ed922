import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RolloutStatus, ServiceStatus } from '../../src/core/status/status.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import type { Serve } from '../penstock-process.ts';
import type { ApiServer } from './api-server.ts';
import {
  fieldOf,
  modelRollout,
  modelService,
  startCluster,
  startReplica,
  untilField,
  yaml,
} from './cluster.ts';

let server: ApiServer;
let replicas: Serve[] = [];
beforeAll(async () => {
  server = await startCluster();
  await server.apply(yaml(modelService('fraud'), modelRollout('fraud-v2', 'fraud')));
  replicas = [await startReplica(server)];
  await untilField(server, 'mro/fraud-v2', '.status.weight', '5%');
  replicas.push(await startReplica(server), await startReplica(server));
});
afterAll(async () => {
  for (const replica of replicas) replica.signal('SIGCONT');
  await Promise.all(replicas.map((replica) => replica.stop()));
  await server.stop();
});

async function weightsOf(replica: Serve): Promise<string> {
  const [fraud] = await replica.api<readonly ServiceStatus[]>('services');
  return fraud?.versions.map(({ weight }) => weight).join(' ') ?? '';
}

async function roles(): Promise<{ readonly leader: Serve; readonly followers: readonly Serve[] }> {
  return waitUntil('one replica decides, and all know which', async () => {
    const said = await Promise.all(
      replicas.map(async (each) => ({ each, ...(await each.status()).replica })),
    );
    const leading = said.filter((one) => one.leading);
    const [first] = leading;
    if (first === undefined || leading.length > 1) return undefined;
    if (said.some(({ leader }) => leader !== first.identity)) return undefined;
    return { leader: first.each, followers: said.filter((one) => !one.leading).map((one) => one.each) };
  });
}

async function untilAllHave(weights: string): Promise<void> {
  for (const replica of replicas)
    await waitUntil(`a replica has ${weights}`, async () => (await weightsOf(replica)) === weights);
}

describe('three replicas', () => {
  it('decide by one, and publish the same', async () => {
    const { followers } = await roles();
    expect(followers).toHaveLength(2);
    await untilAllHave('9500 500');
  });

  it('say which of them decides', async () => {
    const { leader, followers } = await roles();
    const { identity } = (await leader.status()).replica ?? {};
    expect((await leader.command('get')).stdout).toContain(`Replica ${identity} answers, and decides`);
    expect((await followers[0]?.command('get'))?.stdout).toMatch(new RegExp(`answers; ${identity} decides`));
  });

  it('take a command at any of them', async () => {
    const { followers } = await roles();
    expect(await followers[0]?.command('promote', 'fraud-v2')).toMatchObject({ code: 0 });
    await untilAllHave('7500 2500');
    const [rollout] = (await followers[1]?.api<readonly RolloutStatus[]>('rollouts')) ?? [];
    expect(rollout).toMatchObject({ name: 'fraud-v2', weight: 2500 });
    expect(await followers[0]?.command('promote', 'nothing')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no rollout default/nothing'),
    });
    expect(await followers[0]?.command('freeze', 'on')).toMatchObject({ code: 0 });
    await waitUntil('all are frozen', async () =>
      (await Promise.all(replicas.map((each) => each.status()))).every(({ frozen }) => frozen),
    );
    expect(await followers[1]?.command('freeze', 'off')).toMatchObject({ code: 0 });
  });

  it('go on where the one that decides was killed, with no step lost', async () => {
    const { leader, followers } = await roles();
    const startedAt = performance.now();
    await leader.stop('SIGKILL');
    replicas = [...followers];
    const seen = new Set<string>();
    const next = await waitUntil('another decides', async () => {
      for (const replica of replicas) seen.add(await weightsOf(replica));
      const said = await Promise.all(
        replicas.map(async (each) => ({ each, ...(await each.status()).replica })),
      );
      return said.find(({ leading }) => leading)?.each;
    });
    const tookMs = performance.now() - startedAt;
    console.log(`another replica decided ${(tookMs / 1000).toFixed(1)} s after the leader was killed`);
    expect(tookMs).toBeLessThan(15_000);
    expect([...seen]).toEqual(['7500 2500']);
    expect(await next.command('promote', 'fraud-v2')).toMatchObject({ code: 0 });
    await untilAllHave('0 10000');
    await untilField(server, 'mro/fraud-v2', '.status.weight', '100%');
  });

  it('do not believe one that stood still for too long', async () => {
    replicas.push(await startReplica(server));
    const { leader } = await roles();
    const before = await fieldOf(server, 'lease/penstock', '.spec.leaseTransitions');
    leader.signal('SIGSTOP');
    await untilField(server, 'lease/penstock', '.spec.leaseTransitions', String(Number(before) + 1));
    leader.signal('SIGCONT');
    const { leader: next, followers } = await roles();
    expect(next).not.toBe(leader);
    expect(followers).toContain(leader);
    expect(await weightsOf(leader)).toBe('0 10000');
  });

  it('hand the lead on at once when the one that decides is stopped', async () => {
    const { leader, followers } = await roles();
    const startedAt = performance.now();
    await leader.stop();
    replicas = [...followers];
    await roles();
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
