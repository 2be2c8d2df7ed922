import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parseConsulInstances } from './consul-format.ts';
import { followConsul } from './consul-source.ts';
import type { FoundEndpoint } from './found-endpoint.ts';

const instance = (address: string, more: object = {}) => ({
  Node: { Address: '10.9.9.9', Meta: { zone: 'rack-1' } },
  Service: { Address: address, Port: 9000, Weights: { Passing: 3, Warning: 1 }, ...more },
});

const found = (address: string): FoundEndpoint => ({
  address,
  port: 9000,
  weight: 3,
  zone: 'rack-1',
  tier: 0,
});

/** An agent that answers as Consul's HTTP API is documented to: at once, or when the index has moved. */
async function serveAgent() {
  const requests: URL[] = [];
  const tokens: unknown[] = [];
  const waiting = new Set<() => void>();
  const agent = { index: 7, instances: [instance('10.0.0.1')] as unknown, status: 200 };
  const answer = (response: ServerResponse) => {
    response.writeHead(agent.status, { 'content-type': 'application/json', 'x-consul-index': agent.index });
    response.end(agent.status === 200 ? JSON.stringify(agent.instances) : 'rpc error: No cluster leader');
  };
  const server = createServer((request: IncomingMessage, response) => {
    const url = new URL(request.url ?? '', 'http://agent');
    requests.push(url);
    tokens.push(request.headers['x-consul-token']);
    const asked = Number(url.searchParams.get('index') ?? 0);
    if (asked !== agent.index || agent.status !== 200) return answer(response);
    const wake = () => {
      clearTimeout(timer);
      waiting.delete(wake);
      answer(response);
    };
    const timer = setTimeout(wake, Number.parseInt(url.searchParams.get('wait') ?? '0', 10));
    waiting.add(wake);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const wake of waiting) wake();
    server.closeAllConnections();
    server.close();
  });
  const set = (change: Partial<typeof agent>) => {
    Object.assign(agent, change);
    for (const wake of [...waiting]) wake();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    tokens,
    waiting,
    set,
  };
}

function follow(url: string, spec = { service: 'fraud', tag: 'v1', datacenter: 'dc2' }) {
  const told: { found: (readonly FoundEndpoint[])[]; failures: string[] } = { found: [], failures: [] };
  const stop = followConsul(
    spec,
    { url, token: 'secret', waitMs: 5_000 },
    {
      found: (endpoints) => void told.found.push(endpoints),
      failed: (message) => void told.failures.push(message),
    },
  );
  onTestFinished(stop);
  return told;
}

describe('a Consul source', () => {
  test('asks for the passing instances of a service and a tag, and blocks until they change', async () => {
    const agent = await serveAgent();
    const told = follow(agent.url);
    await vi.waitUntil(() => agent.waiting.size === 1, 5_000);
    expect(told.found).toEqual([[found('10.0.0.1')]]);
    expect(agent.requests.map(({ pathname, search }) => pathname + search)).toEqual([
      '/v1/health/service/fraud?passing=1&tag=v1&dc=dc2',
      '/v1/health/service/fraud?passing=1&tag=v1&dc=dc2&index=7&wait=5000ms',
    ]);
    expect(agent.tokens).toEqual(['secret', 'secret']);

    agent.set({ index: 9, instances: [instance('10.0.0.1'), instance('10.0.0.2')] });
    await vi.waitUntil(() => told.found.length === 2, 5_000);
    expect(told.found[1]).toEqual([found('10.0.0.1'), found('10.0.0.2')]);
    agent.set({ index: 10, instances: [] });
    await vi.waitUntil(() => told.found.length === 3, 5_000);
    expect(told.found[2]).toEqual([]);
    expect(told.failures).toEqual([]);
  });

  test('starts again when the index goes back', async () => {
    const agent = await serveAgent();
    const told = follow(agent.url);
    await vi.waitUntil(() => agent.waiting.size === 1, 5_000);
    agent.set({ index: 2 });
    await vi.waitUntil(() => told.found.length >= 3, 5_000);
    await vi.waitUntil(() => agent.waiting.size === 1, 5_000);
    expect(agent.requests.slice(2).map(({ searchParams }) => searchParams.get('index'))).toEqual([null, '2']);
  });

  test('keeps what was found while the agent fails, says so, and comes back', async () => {
    const agent = await serveAgent();
    const told = follow(agent.url);
    await vi.waitUntil(() => agent.waiting.size === 1, 5_000);
    agent.set({ status: 500 });
    await vi.waitUntil(() => told.failures.length > 0, 5_000);
    expect(told.failures[0]).toBe(
      `Consul at ${agent.url} cannot tell of fraud: it answers 500: rpc error: No cluster leader`,
    );
    expect(told.found).toHaveLength(1);
    agent.set({ status: 200, index: 11, instances: [instance('10.0.0.3')] });
    await vi.waitUntil(() => told.found.length === 2, 5_000);
    expect(told.found[1]).toEqual([found('10.0.0.3')]);
  });

  test('does not ask a busy agent without pause', async () => {
    const agent = await serveAgent();
    const told = follow(agent.url);
    for (let index = 20; index < 25; index++) {
      await vi.waitUntil(() => agent.waiting.size === 1, 5_000);
      agent.set({ index });
    }
    await vi.waitUntil(() => told.found.length >= 6, 5_000);
    expect(agent.requests.length).toBeLessThanOrEqual(8);
  });

  test('nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const told = follow(`http://127.0.0.1:${port}`);
    await vi.waitUntil(() => told.failures.length > 0, 5_000);
    expect(told.failures[0]).toContain('connection refused; is the agent running?');
  });

  test('an instance that is named by a host is left out and told of', async () => {
    const agent = await serveAgent();
    agent.set({ index: 8, instances: [instance('10.0.0.1'), instance('fraud.local')] });
    const told = follow(agent.url);
    await vi.waitUntil(() => told.found.length > 0, 5_000);
    expect(told.found[0]).toEqual([found('10.0.0.1')]);
    expect(told.failures[0]).toBe('fraud in Consul has the address "fraud.local"; an IP address is wanted');
  });
});

describe('parseConsulInstances', () => {
  test.each<[name: string, body: unknown, instances: unknown]>([
    ['no list', { error: 'x' }, undefined],
    ['nothing', [], []],
    ['an entry that is none', [null, 1, {}], []],
    ["the node's address where the service has none", [instance('')], [found('10.9.9.9')]],
    ['no port', [instance('10.0.0.1', { Port: 0 })], []],
    ['no weights', [instance('10.0.0.1', { Weights: undefined })], [{ ...found('10.0.0.1'), weight: 1 }]],
    [
      "the service's own zone",
      [instance('10.0.0.1', { Meta: { zone: 'b' } })],
      [{ ...found('10.0.0.1'), zone: 'b' }],
    ],
  ])('%s', (_, body, instances) => {
    expect(parseConsulInstances(body)).toEqual(instances);
  });
});
