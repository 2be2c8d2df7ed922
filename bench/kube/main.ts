import { parseArgs } from 'node:util';
import { startCluster } from '../../e2e/kube/cluster.ts';
import { Serve } from '../../e2e/penstock-process.ts';
import { pathOf } from '../../src/core/api/crd.ts';
import { TYPE_URL } from '../../src/core/delta/type-urls.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { ApiClient } from '../../src/kubernetes/api-client.ts';
import { XdsClient } from '../../src/xds/xds-client-fixture.ts';
import { requestsByVerb } from './api-requests.ts';
import { endpointSlice, modelService, nameOf } from './objects.ts';

// Many services with many endpoints on a real API server: how long a replica needs to know and to publish all of them,
// how long until their statuses say so, what it costs in memory, and what one change costs.

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '5000' },
    endpoints: { type: 'string', default: '10' },
    changes: { type: 'string', default: '20' },
  },
});
const services = Number(values.services);
const endpoints = Number(values.endpoints);
const changes = Number(values.changes);
/** Nothing waits for less on a machine that has other work. */
const LONGEST = { timeoutMs: 600_000, everyMs: 200 };
const NAMESPACE = 'default';

interface Measured {
  readonly services: number;
  readonly endpoints: number;
  readonly createdS: number;
  readonly readyS: number;
  readonly statusesS: number;
  readonly residentMb: number;
  readonly apiServerMb: number;
  readonly lookMs: number;
  readonly requestsToStart: Readonly<Record<string, number>>;
  readonly changeMedianMs: number;
  readonly changeWorstMs: number;
  readonly requestsForChanges: Readonly<Record<string, number>>;
}

const server = await startCluster();
const client = ApiClient.open(server.kubeconfig);
try {
  console.log(JSON.stringify(await measure(), undefined, 2));
} finally {
  client.close();
  await server.stop();
}

async function measure(): Promise<Measured> {
  const createdS = await seconds(create);
  console.error(`all objects are there after ${createdS.toFixed(1)} s`);
  const before = await requestsByVerb(client);
  const startedAt = performance.now();
  const replica = await Serve.start(['--kubernetes', '--kubeconfig', server.kubeconfig]);
  try {
    const ready = async () => (await fetch(`${replica.adminUrl}/readyz`)).ok;
    await waitUntil('the replica is ready', ready, LONGEST);
    const readyS = (performance.now() - startedAt) / 1000;
    console.error(`ready after ${readyS.toFixed(1)} s`);
    await waitUntil('the last status is written', allTold, LONGEST);
    const statusesS = (performance.now() - startedAt) / 1000;
    const requestsToStart = difference(before, await requestsByVerb(client));
    const beforeChanges = await requestsByVerb(client);
    const tookMs = await change(replica);
    const requestsForChanges = difference(beforeChanges, await requestsByVerb(client));
    return {
      services,
      endpoints: services * endpoints,
      createdS: rounded(createdS),
      readyS: rounded(readyS),
      statusesS: rounded(statusesS),
      residentMb: await residentMb(replica),
      apiServerMb: Math.round(server.memory().apiServer / 1e6),
      lookMs: await lookMs(replica),
      requestsToStart,
      changeMedianMs: Math.round(tookMs[Math.floor(tookMs.length / 2)] ?? 0),
      changeWorstMs: Math.round(tookMs.at(-1) ?? 0),
      requestsForChanges,
    };
  } finally {
    await replica.stop();
  }
}

/** All objects, sixteen at once. */
async function create(): Promise<void> {
  let next = 0;
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < services; index = next++) {
      await client.ask({
        method: 'POST',
        path: pathOf('ModelService', NAMESPACE),
        body: modelService(index),
      });
      await client.ask({ method: 'POST', path: slices, body: endpointSlice(index, endpoints) });
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

/** Whether every object says that it is in force; asked of the ones that were made last, then of all. */
async function allTold(): Promise<boolean> {
  let told = 0;
  let next: string | undefined;
  do {
    const list = await client.ask<{
      readonly metadata: { readonly continue?: string };
      readonly items: readonly { readonly status?: { readonly endpoints?: number } }[];
    }>({
      method: 'GET',
      path: pathOf('ModelService', NAMESPACE),
      query: { limit: 500, continue: next, resourceVersion: 0 },
    });
    told += list.items.filter(({ status }) => status?.endpoints === endpoints).length;
    next = list.metadata.continue || undefined;
  } while (next !== undefined);
  console.error(`${told} of ${services} statuses are written`);
  await new Promise((resolve) => setTimeout(resolve, 5000));
  return told === services;
}

/** Moves an endpoint of one service after the other, and waits until a sidecar is told. @returns sorted, ms */
async function change(replica: Serve): Promise<readonly number[]> {
  const xds = new XdsClient(replica.xdsPort);
  const stream = xds.delta();
  const first = `${NAMESPACE}/${nameOf(0)}/v1`;
  const names = Array.from({ length: changes }, (_, index) => `${NAMESPACE}/${nameOf(index)}/v1`);
  stream.send({ node: { id: 'bench', metadata: {} }, typeUrl: TYPE_URL.eds, resourceNamesSubscribe: names });
  const initial = await stream.next();
  if (!initial.resources.some(({ name }) => name === first))
    throw new Error('no endpoints of the first service');
  stream.send({ typeUrl: TYPE_URL.eds, responseNonce: initial.nonce });
  const tookMs: number[] = [];
  for (let index = 0; index < changes; index++) {
    const body = endpointSlice(index, endpoints, 1);
    const path = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices/${nameOf(index)}`;
    const startedAt = performance.now();
    await client.ask({ method: 'PATCH', path, patch: 'merge', body });
    const told = await stream.next();
    tookMs.push(performance.now() - startedAt);
    stream.send({ typeUrl: TYPE_URL.eds, responseNonce: told.nonce });
    // Changes that follow each other closely would be one.
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  stream.call.cancel();
  xds.close();
  return tookMs.sort((a, b) => a - b);
}

async function residentMb(replica: Serve): Promise<number> {
  return Math.round(((await replica.metric('process_resident_memory_bytes')) ?? 0) / 1e6);
}

/** Mean of the looks so far. */
async function lookMs(replica: Serve): Promise<number> {
  const [sum = 0, count = 1] = [
    await replica.metric('penstock_look_duration_seconds_sum'),
    await replica.metric('penstock_look_duration_seconds_count'),
  ];
  return Math.round((1000 * sum) / count);
}

async function seconds(action: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await action();
  return (performance.now() - startedAt) / 1000;
}

function difference(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Record<string, number> {
  const changed = [...after].map(([verb, count]) => [verb, count - (before.get(verb) ?? 0)] as const);
  return Object.fromEntries(changed.filter(([, count]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
