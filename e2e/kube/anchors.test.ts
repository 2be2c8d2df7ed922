import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
import { installIstioKinds, OLDEST_API } from './istio-kinds.ts';

const FILTER = 'envoyfilter/penstock.fraud.default';
const RULE = 'destinationrule/penstock.fraud.default';
const OURS = [FILTER, RULE, 'configmap/penstock-bootstrap'];
const ANCHORED = '.status.conditions[?(@.type=="Anchored")]';
const PATIENCE_MS = 60_000;

let server: ApiServer;
let replica: Serve;

beforeAll(async () => {
  server = await startCluster();
  await installIstioKinds(server, OLDEST_API);
  await server.apply(yaml(modelService('fraud')));
  replica = await startHere('--istio', 'apply');
  await untilAnchored('fraud', 'True');
});
afterAll(async () => {
  await replica?.stop();
  await server?.stop();
});

const startHere = (...args: readonly string[]) => startReplica(server, '127.0.0.1:0', { args });
const untilAnchored = (name: string, status: string) =>
  untilField(server, `msvc/${name}`, `${ANCHORED}.status`, status, PATIENCE_MS);
const isThere = async (object: string) => (await server.kubectl(['get', object])).code === 0;
const untilGone = (objects: readonly string[]) =>
  waitUntil(
    `${objects.join(', ')} are gone`,
    async () => !(await Promise.all(objects.map(isThere))).includes(true),
    { timeoutMs: PATIENCE_MS, everyMs: 200 },
  );
const resourceVersions = () =>
  Promise.all(OURS.map((object) => fieldOf(server, object, '.metadata.resourceVersion')));
const patch = (object: string, text: string) =>
  server.kubectl(['patch', object, '--type', 'merge', '-p', text]);

const route = (kind: string, apiVersion: string, name: string, spec: object) =>
  yaml({ apiVersion, kind, metadata: { name }, spec });
const virtualService = (host: string) =>
  route('VirtualService', 'networking.istio.io/v1', 'theirs', {
    hosts: [host],
    http: [{ route: [{ destination: { host } }] }],
  });
const httpRoute = (service: string) =>
  route('HTTPRoute', 'gateway.networking.k8s.io/v1', 'their-route', {
    parentRefs: [{ group: '', kind: 'Service', name: service, port: 9000 }],
    rules: [{ backendRefs: [{ name: service, port: 9000 }] }],
  });

describe("anchors of Istio's sidecars in a cluster", () => {
  it('stand, are valid to Istio, and belong to their service', async () => {
    const uid = await fieldOf(server, 'msvc/fraud', '.metadata.uid');
    for (const object of OURS)
      expect(await fieldOf(server, object, '.metadata.ownerReferences[*].uid')).toBe(uid);
  });

  it('are not written again by another replica that takes over', async () => {
    const before = await resourceVersions();
    await replica.stop();
    replica = await startHere('--istio', 'apply');
    await server.apply(yaml(modelService('second')));
    await untilAnchored('second', 'True');
    const [filter, rule] = await resourceVersions();
    expect([filter, rule]).toEqual(before.slice(0, 2));
    await server.kubectl(['delete', 'msvc/second']);
    await untilGone(['envoyfilter/penstock.second.default', 'destinationrule/penstock.second.default']);
  });

  it('are put right when somebody edits or deletes them', async () => {
    await patch(RULE, '{"spec":{"subsets":[]}}');
    await untilField(server, RULE, '.spec.subsets[*].name', 'v1 v2', PATIENCE_MS);
    await server.kubectl(['delete', FILTER]);
    await waitUntil('the EnvoyFilter is back', () => isThere(FILTER), {
      timeoutMs: PATIENCE_MS,
      everyMs: 200,
    });
    await untilAnchored('fraud', 'True');
  });

  it('follow the versions of their service', async () => {
    const versions = ['v1', 'v2', 'v3'].map((name, index) => ({
      name,
      endpoints: { static: [{ address: '127.0.0.1', port: 9101 + index }] },
    }));
    await server.apply(yaml(modelService('fraud', { versions })));
    await untilField(server, RULE, '.spec.subsets[*].name', 'v1 v2 v3', PATIENCE_MS);
  });

  it('are reported where others add fields that change their meaning', async () => {
    await patch(FILTER, '{"spec":{"workloadSelector":{"labels":{"app":"none"}}}}');
    await untilField(server, 'msvc/fraud', `${ANCHORED}.message`, /spec\.workloadSelector/, PATIENCE_MS);
    await patch(FILTER, '{"spec":{"workloadSelector":null}}');
    await untilAnchored('fraud', 'True');
  });

  it.each([
    ['VirtualService', 'VirtualService/default/theirs', virtualService],
    ['HTTPRoute', 'HTTPRoute/default/their-route', httpRoute],
  ])('are not made where a %s is in the way, until it is adopted', async (_, object, foreign) => {
    await server.apply(foreign('search'));
    await server.apply(yaml(modelService('search')));
    await untilField(
      server,
      'msvc/search',
      `${ANCHORED}.message`,
      new RegExp(`${object} is in the way`),
      PATIENCE_MS,
    );
    expect(await isThere('envoyfilter/penstock.search.default')).toBe(false);
    await server.kubectl(['annotate', 'msvc/search', `penstock.dev/adopt=${object}`]);
    await untilAnchored('search', 'True');
    expect(await isThere('envoyfilter/penstock.search.default')).toBe(true);
    await server.kubectl(['delete', 'virtualservices,httproutes', '--all']);
    await server.kubectl(['delete', 'msvc/search']);
    await untilGone(['envoyfilter/penstock.search.default']);
  });

  it('hold what is decided where pods were not restarted, and follow it', async () => {
    await replica.stop();
    replica = await startHere('--istio', 'apply', '--istio-without-restart');
    const weights = '.spec.configPatches[*].patch.value.route.weighted_clusters.clusters[*].weight';
    await untilField(server, FILTER, weights, /999999998 1 1/, PATIENCE_MS);
    await server.apply(yaml(modelRollout('fraud-v2', 'fraud')));
    await untilField(server, FILTER, weights, /949999999 50000000 1/, PATIENCE_MS);
  });

  it('go when the mode is left', async () => {
    await replica.stop();
    replica = await startHere('--istio', 'remove');
    await untilGone(OURS);
  });
});
