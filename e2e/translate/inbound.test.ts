import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LimitIr } from '../../src/core/ir/ir.ts';
import { serviceIr } from '../../src/core/translate/ir-fixture.ts';
import { type Answer, Caller, grpcCall } from './caller.ts';
import { freePort, Mesh, type Sidecar, until } from './mesh.ts';
import { answers, hangs, type StandIn, startStandIn } from './model-server.ts';

const CLIENTS = 60;

let mesh: Mesh;
let sidecar: Sidecar;
let model: StandIn;
let clients: readonly Caller[];
let observer: Caller;

type LimitSketch = Partial<LimitIr> & Pick<LimitIr, 'name'>;

beforeAll(async () => {
  [mesh, model] = await Promise.all([Mesh.start(), startStandIn('v1')]);
  await mesh.apply(serviceIr());
  const port = await freePort();
  sidecar = await mesh.sidecar({
    kind: 'inbound',
    service: 'default/fraud',
    version: 'v1',
    address: '127.0.0.1',
    port,
    appPort: model.port,
  });
  clients = Array.from({ length: CLIENTS }, (_, index) => new Caller(port, `127.0.1.${index + 1}`));
  observer = new Caller(port, '127.0.2.1');
});

beforeEach(() => {
  model.behaviour = answers('v1');
});

afterAll(async () => {
  for (const client of clients ?? []) client.close();
  observer?.close();
  await mesh?.stop();
  await model?.stop();
});

let marks = 0;

/**
 * Applies limits and waits until the worker has them too: an acknowledgement comes from the main thread. The
 * mark comes after them and refuses nothing; its name is the last, so that it takes nobody's slot.
 */
async function inForce(...limits: readonly LimitSketch[]): Promise<void> {
  await mesh.apply(serviceIr({ limits }));
  const mark = { name: `zz-mark-${++marks}`, shadow: true };
  await mesh.apply(serviceIr({ limits: [...limits, mark] }));
  await until('the worker has them', async () => {
    await observer.call('fraud', { ':path': '/mark' });
    return /http_local_rate_limit.enabled: [1-9]/.test(
      await sidecar.admin(`/stats?filter=limits/${mark.name}`),
    );
  });
}

async function all(
  rounds: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly (readonly Answer[])[]> {
  return Promise.all(clients.map((client) => client.calls(rounds, 'fraud', () => headers)));
}

const admitted = (given: readonly Answer[]): number => given.filter((answer) => answer.status === 0).length;

describe('a limit', () => {
  it('holds for each of more clients than Envoy counts by default', async () => {
    await inForce({ name: 'per-client', per: [{ kind: 'sourceIp' }], requestsPerSecond: 0.01, burst: 5 });
    expect((await all(12)).map(admitted)).toEqual(clients.map(() => 5));
  });

  it('refuses in the words of gRPC, and tells when to come again', async () => {
    await inForce({ name: 'all', requestsPerSecond: 0.5, burst: 1 });
    await observer.calls(2, 'fraud');
    const { code, details, metadata } = await grpcCall(sidecar.port, 'fraud');
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
    expect(details).toMatch(/^limit reached; a request is allowed again in [12] s$/);
    expect(metadata).toMatchObject({ 'x-penstock-limit': 'all', 'grpc-retry-pushback-ms': '2000' });
  });

  it('does not count health checks', async () => {
    await inForce({ name: 'all', requestsPerSecond: 0.01, burst: 2 });
    const checks = await observer.calls(20, 'fraud', () => ({ ':path': '/grpc.health.v1.Health/Check' }));
    expect(admitted(checks)).toBe(20);
  });

  it('in shadow refuses nothing and counts what it would have', async () => {
    await inForce({ name: 'shadowed', requestsPerSecond: 0.01, burst: 3, shadow: true });
    expect(admitted(await observer.calls(20, 'fraud'))).toBe(20);
    expect(await sidecar.admin('/stats?filter=limits/shadowed')).toMatch(
      /http_local_rate_limit.shadow_mode: [1-9]/,
    );
  });

  it('counts each value of a header by itself, and not calls without it', async () => {
    await inForce({
      name: 'tenants',
      per: [{ kind: 'header', name: 'x-tenant' }],
      requestsPerSecond: 0.01,
      burst: 4,
    });
    const tenant = (name: string) => observer.calls(10, 'fraud', () => ({ 'x-tenant': name }));
    expect([admitted(await tenant('a')), admitted(await tenant('b'))]).toEqual([4, 4]);
    expect(admitted(await observer.calls(10, 'fraud'))).toBe(10);
  });

  it('counts each method by itself', async () => {
    await inForce({ name: 'methods', per: [{ kind: 'method' }], requestsPerSecond: 0.01, burst: 4 });
    const method = (name: string) => observer.calls(10, 'fraud', () => ({ ':path': `/test.Model/${name}` }));
    expect([admitted(await method('Infer')), admitted(await method('Embed'))]).toEqual([4, 4]);
  });

  it('that matches twice takes one token', async () => {
    const matches = [
      { headers: [{ name: 'x-costly', kind: 'present', value: '' }], path: undefined, pathPrefix: undefined },
      { headers: [], path: undefined, pathPrefix: '/test.' },
    ] as const;
    await inForce({ name: 'costly', requestsPerSecond: 0.01, burst: 6, matches });
    const both = await observer.calls(10, 'fraud', () => ({ 'x-costly': '1' }));
    expect(admitted(both)).toBe(6);
    expect(admitted(await observer.calls(10, 'fraud', () => ({ ':path': '/other.Model/Infer' })))).toBe(10);
  });

  it('is not refilled when another one comes', async () => {
    const slow: LimitSketch = {
      name: 'per-client',
      per: [{ kind: 'sourceIp' }],
      requestsPerSecond: 0.01,
      burst: 7,
    };
    await inForce(slow);
    expect((await all(10)).map(admitted)).toEqual(clients.map(() => 7));
    await inForce(slow, { name: 'tenants', per: [{ kind: 'header', name: 'x-tenant' }] });
    expect((await all(3)).map(admitted)).toEqual(clients.map(() => 0));
  });

  it('comes and goes while streams stay open', async () => {
    await inForce();
    model.behaviour = hangs;
    const before = model.calls;
    const open = observer.call('fraud', { 'grpc-timeout': '3S' });
    await until('the stream is there', () => model.calls > before);
    model.behaviour = answers('v1');
    for (let round = 0; round < 5; round++) {
      await inForce({ name: `limit-${round}`, requestsPerSecond: 1000, burst: 1000 + round });
      await inForce();
    }
    // It is ended by its own deadline and by nothing before.
    expect(await open).toMatchObject({ status: status.DEADLINE_EXCEEDED });
    expect(
      await sidecar.admin('/stats?filter=listener_manager.listener_(modified|removed|in_place_updated)'),
    ).not.toMatch(/: [1-9]/);
  });

  it('admits its rate', async () => {
    await inForce({ name: 'rate', requestsPerSecond: 50, burst: 10 });
    const seconds = 3;
    const from = performance.now();
    let passed = 0;
    while (performance.now() - from < seconds * 1000)
      if ((await observer.call('fraud')).status === 0) passed += 1;
    expect(Math.abs(passed - 50 * seconds)).toBeLessThanOrEqual(12);
  });
});
