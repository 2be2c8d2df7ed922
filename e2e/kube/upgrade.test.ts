import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceStatus } from '../../src/core/status/status.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import type { Serve } from '../penstock-process.ts';
import { unpackOldVersion } from '../upgrade/old-version.ts';
import type { ApiServer } from './api-server.ts';
import {
  applyKinds,
  modelRollout,
  modelService,
  startCluster,
  startReplica,
  untilField,
  yaml,
} from './cluster.ts';

// Definitions of kinds, objects, state and Lease of one cluster, with replicas of two versions.

const old = unpackOldVersion();

describe.skipIf(old === undefined)('replicas of two versions', () => {
  const OLD = { main: old?.main ?? '' };
  let server: ApiServer;
  let replicas: Serve[] = [];

  beforeAll(async () => {
    server = await startCluster([], old?.crds);
    await server.apply(yaml(modelService('fraud'), modelRollout('fraud-v2', 'fraud')));
    replicas = [await startReplica(server, undefined, OLD)];
    await untilField(server, 'mro/fraud-v2', '.status.weight', '5%', 60_000);
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await server?.stop();
    old?.remove();
  });

  async function untilAllHave(weights: string): Promise<void> {
    for (const replica of replicas)
      await waitUntil(
        `a replica has ${weights}`,
        async () => {
          const [fraud] = await replica.api<readonly ServiceStatus[]>('services');
          return fraud?.versions.map(({ weight }) => weight).join(' ') === weights;
        },
        { timeoutMs: 60_000 },
      );
  }
  const leads = async (replica: Serve) => (await replica.status()).replica?.leading === true;
  const untilLeads = (replica: Serve) => waitUntil('it leads', () => leads(replica), { timeoutMs: 60_000 });

  /** A replica of the other version joins, and the one that leads goes. */
  async function handOver(version: { main?: string }): Promise<Serve> {
    const next = await startReplica(server, undefined, version);
    const before = replicas;
    replicas = [...before, next];
    const [fraud] = await (before[0] ?? next).api<readonly ServiceStatus[]>('services');
    await untilAllHave(fraud?.versions.map(({ weight }) => weight).join(' ') ?? '');
    expect(await leads(next)).toBe(false);
    replicas = [next];
    for (const each of before) await each.stop();
    await untilLeads(next);
    return next;
  }

  it('the new one follows the old one, takes over, and goes on', async () => {
    const next = await handOver({});
    await untilAllHave('9500 500');
    expect(await next.command('promote', 'fraud-v2')).toMatchObject({ code: 0 });
    await untilAllHave('7500 2500');
    await untilField(server, 'mro/fraud-v2', '.status.weight', '25%');
  });

  it('the new definitions take the objects that there are', async () => {
    await applyKinds(server);
    await server.apply(yaml(modelService('ranking')));
    const [replica] = replicas;
    await waitUntil('both services are known', async () => {
      const services = await replica?.api<readonly ServiceStatus[]>('services');
      return services?.length === 2;
    });
    await untilAllHave('7500 2500');
  });

  it('the old one follows the new one, takes over, and goes on; with its own definitions, too', async () => {
    const next = await handOver(OLD);
    await untilAllHave('7500 2500');
    await applyKinds(server, old?.crds);
    expect(await next.command('promote', 'fraud-v2')).toMatchObject({ code: 0 });
    await untilAllHave('0 10000');
    await untilField(server, 'mro/fraud-v2', '.status.weight', '100%');
  });
});
