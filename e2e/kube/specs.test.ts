import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceStatus } from '../../src/core/status/status.ts';
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
let serve: Serve;
beforeAll(async () => {
  server = await startCluster();
  serve = await startReplica(server);
});
afterAll(async () => {
  await serve?.stop();
  await server.stop();
});

const services = () => serve.api<readonly ServiceStatus[]>('services');

describe('objects of the cluster', () => {
  it('are in force when they are applied, and say so', async () => {
    await server.apply(yaml(modelService('fraud')));
    await untilField(server, 'msvc/fraud', '.status.conditions[?(@.type=="Accepted")].status', 'True');
    await untilField(server, 'msvc/fraud', '.status.traffic', 'v1 100%');
    expect((await services()).map(({ name }) => name)).toEqual(['fraud']);
    expect(await fieldOf(server, 'msvc/fraud', '.status.observedGeneration')).toBe('1');
  });

  it('are read well by a person', async () => {
    await server.apply(yaml(modelRollout('fraud-v2', 'fraud')));
    await untilField(server, 'mro/fraud-v2', '.status.weight', '5%');
    const { stdout } = await server.kubectl(['get', 'modelrollouts']);
    expect(stdout).toMatch(/^fraud-v2 +fraud +v2 +\w+ +1\/\d +5% +\S.* \d+s$/m);
  });

  it('go on by an annotation, whose answer stands beside them', async () => {
    await server.kubectl(['annotate', 'mro', 'fraud-v2', 'penstock.dev/ask=promote by Ada']);
    await untilField(server, 'mro/fraud-v2', '.status.weight', '25%');
    await untilField(server, 'mro/fraud-v2', '.metadata.annotations.penstock\\.dev/answer', 'done');
    expect(await fieldOf(server, 'mro/fraud-v2', '.metadata.annotations.penstock\\.dev/ask')).toBe('');
    await server.kubectl(['annotate', 'mro', 'fraud-v2', 'penstock.dev/ask=advance']);
    await untilField(
      server,
      'mro/fraud-v2',
      '.metadata.annotations.penstock\\.dev/answer',
      /advance is none of promote/,
    );
  });

  it('have Events of what happened to them, each once', async () => {
    const lines = await waitUntil('there are Events', async () => {
      const { stdout } = await server.kubectl(['events', '--for', 'modelrollout/fraud-v2']);
      return stdout.includes('AskedPromote') && stdout;
    });
    const asked = lines.split('\n').filter((line) => line.includes('AskedPromote'));
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain('Ada asked to promote');
  });

  it('that are not valid leave their last good form in force, and hold up nobody', async () => {
    // An earlier definition let it pass, or a webhook was down.
    const bad = modelRollout('fraud-v2', 'fraud', { candidate: 'v3' });
    await server.apply(yaml(bad, modelService('other')));
    await untilField(
      server,
      'mro/fraud-v2',
      '.status.conditions[?(@.type=="Accepted")].reason',
      'LastGoodInForce',
    );
    expect(
      await fieldOf(server, 'mro/fraud-v2', '.status.conditions[?(@.type=="Accepted")].message'),
    ).toContain('spec.candidate: ModelService "fraud" has no version "v3"; one of v1, v2');
    await untilField(server, 'msvc/other', '.status.traffic', 'v1 100%');
    expect((await serve.status()).specs.problems.join()).toContain(
      'ModelRollout/default/fraud-v2: spec.candidate',
    );
    await server.apply(yaml(modelRollout('fraud-v2', 'fraud')));
    await untilField(server, 'mro/fraud-v2', '.status.conditions[?(@.type=="Accepted")].status', 'True');
  });

  it('that are deleted are not in force any more', async () => {
    await server.kubectl(['delete', 'msvc', 'other']);
    await waitUntil('it is gone', async () => (await services()).every(({ name }) => name !== 'other'));
  });
});

describe('when the API server goes away', () => {
  it('what was in force stays, and changes are followed again when it is back', async () => {
    await server.killApiServer();
    await waitUntil('it is missed', () =>
      serve.log.some(({ msg }) => msg.includes('the API server cannot tell of')),
    );
    const [fraud] = await services();
    expect(fraud?.versions.map(({ weight }) => weight)).toEqual([7500, 2500]);
    expect((await fetch(`${serve.adminUrl}/readyz`)).status).toBe(200);
    await server.startApiServer();
    await server.apply(yaml(modelService('late')));
    await untilField(server, 'msvc/late', '.status.traffic', 'v1 100%', 30_000);
    expect(await fieldOf(server, 'mro/fraud-v2', '.status.weight')).toBe('25%');
  });
});
