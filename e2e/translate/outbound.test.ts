import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BreakerIr, ServiceIr } from '../../src/core/ir/ir.ts';
import { type ServiceSketch, serviceIr } from '../../src/core/translate/ir-fixture.ts';
import { type Collector, startCollector } from '../trace-collector.ts';
import { type Answer, Caller, grpcCall } from './caller.ts';
import { freePort, Mesh, type Sidecar, until } from './mesh.ts';
import { answers, type Behaviour, fails, hangs, type StandIn, startStandIn } from './model-server.ts';

const HOST = 'fraud.default.svc.cluster.local';

let mesh: Mesh;
let collector: Collector;
let sidecar: Sidecar;
let caller: Caller;
let v1: StandIn;
let v2: StandIn;

beforeAll(async () => {
  [mesh, v1, v2] = await Promise.all([Mesh.start(), startStandIn('v1'), startStandIn('v2')]);
  await mesh.apply(fraud(0));
  collector = await startCollector();
  const port = await freePort();
  sidecar = await mesh.sidecar(
    { kind: 'outbound', address: '127.0.0.1', port, accessLog: true, traced: 0.001 },
    { host: '127.0.0.1', port: collector.port },
  );
  caller = new Caller(sidecar.port);
});

beforeEach(() => {
  v1.behaviour = answers('v1');
  v2.behaviour = answers('v2');
});

afterAll(async () => {
  caller?.close();
  await mesh?.stop();
  await Promise.all([v1?.stop(), v2?.stop()]);
  collector?.[Symbol.dispose]();
});

/** The service, with this weight (of 10000) on its second version. */
function fraud(weight: number, routing: ServiceSketch['routing'] = {}): ServiceIr {
  return serviceIr({
    versions: [
      { name: 'v1', endpoints: [{ port: v1.port }] },
      { name: 'v2', endpoints: [{ port: v2.port }] },
    ],
    routing: {
      requestTimeoutMs: 5000,
      weights: [
        { version: 'v1', weight: 10_000 - weight },
        { version: 'v2', weight },
      ],
      ...routing,
    },
  });
}

let marks = 0;

/** Applies services and waits until the worker has them too: an acknowledgement comes from the main thread. */
async function inForce(...services: readonly ServiceIr[]): Promise<void> {
  await mesh.apply(...services);
  const mark = `mark ${++marks}`;
  const fallback = { kind: 'response', grpcStatus: 14, httpStatus: 503, message: mark, headers: [] } as const;
  const probe = serviceIr({
    id: 'test/mark',
    hosts: ['mark'],
    routing: { breaker: { admitted: 0, bypass: [], fallback } },
  });
  await mesh.apply(...services, probe);
  await until('the worker has it', async () => (await caller.call('mark')).message === mark);
}

function count(given: readonly Answer[], which: (answer: Answer) => boolean): number {
  return given.filter(which).length;
}

describe('names', () => {
  it('are answered with the port and without', async () => {
    await inForce(fraud(0));
    expect((await grpcCall(sidecar.port, HOST)).code).toBe(status.OK);
    expect((await grpcCall(sidecar.port, `${HOST}:9000`)).metadata['x-penstock-version']).toBe('v1');
  });

  it('that nobody has are UNIMPLEMENTED, with a message that says which', async () => {
    const { code, details } = await grpcCall(sidecar.port, 'nobody.default');
    expect(code).toBe(status.UNIMPLEMENTED);
    expect(details).toBe('no service nobody.default is known to this sidecar');
  });

  it('come and go under load, and no call is lost', async () => {
    await inForce(fraud(5000));
    let running = true;
    const others: Answer[] = [];
    const load = Array.from({ length: 4 }, async () => {
      while (running) others.push(await caller.call(HOST));
    });
    for (let round = 0; round < 12; round++) {
      const host = `other-${round}`;
      const other = serviceIr({
        id: `default/${host}`,
        hosts: [host],
        versions: [{ name: 'v1', endpoints: [{ port: v1.port }] }],
      });
      await mesh.apply(fraud(5000), other);
      await until(`${host} is there`, async () => (await caller.call(host)).status === 0);
      await mesh.apply(fraud(5000));
      await until(`${host} is gone`, async () => (await caller.call(host)).status === status.UNIMPLEMENTED);
    }
    running = false;
    await Promise.all(load);
    expect(others.length).toBeGreaterThan(100);
    expect(others.filter(({ status: code }) => code !== 0)).toEqual([]);
  });
});

describe('a canary', () => {
  const USERS = 10_000;
  const sticky = { stickiness: [{ kind: 'header', name: 'x-user-id' }], salt: 'fraud-v2/1' } as const;
  const versionsOfUsers = async (): Promise<readonly (string | undefined)[]> =>
    (await caller.calls(USERS, HOST, (user) => ({ 'x-user-id': `user-${user}` }))).map(
      ({ version }) => version,
    );

  it('keeps every user that it has on the way up and every user that it leaves on the way down', async () => {
    const on: Set<number>[] = [];
    for (const weight of [500, 1000, 2000, 5000, 1000]) {
      await inForce(fraud(weight, sticky));
      const versions = await versionsOfUsers();
      const users = new Set(versions.flatMap((version, user) => (version === 'v2' ? [user] : [])));
      expect(Math.abs(users.size - weight)).toBeLessThan(150);
      on.push(users);
    }
    const [five, ten, twenty, fifty, back] = on as [
      Set<number>,
      Set<number>,
      Set<number>,
      Set<number>,
      Set<number>,
    ];
    expect(five.isSubsetOf(ten) && ten.isSubsetOf(twenty) && twenty.isSubsetOf(fifty)).toBe(true);
    expect(back).toEqual(ten);
  });

  it('begins with other users when the salt is another', async () => {
    const first = async (salt: string) => {
      await inForce(fraud(1000, { ...sticky, salt }));
      const versions = await caller.calls(2000, HOST, (user) => ({ 'x-user-id': `user-${user}` }));
      return new Set(versions.flatMap(({ version }, user) => (version === 'v2' ? [user] : [])));
    };
    const [a, b] = [await first('one'), await first('two')];
    expect(a.intersection(b).size).toBeLessThan(a.size / 2);
  });

  it('takes its slice, and nothing else', async () => {
    const slice = {
      matches: [
        {
          headers: [{ name: 'x-region', kind: 'exact', value: 'cn-east' }],
          path: undefined,
          pathPrefix: undefined,
        },
      ],
      weights: [
        { version: 'v1', weight: 0 },
        { version: 'v2', weight: 10_000 },
      ],
    } as const;
    await inForce(fraud(0, { slices: [slice] }));
    const answered = await caller.calls(100, HOST, (index) => ({ 'x-region': index % 2 ? 'cn-east' : 'eu' }));
    expect(answered.map(({ version }) => version)).toEqual(
      answered.map((_, index) => (index % 2 ? 'v2' : 'v1')),
    );
  });

  it('gives each slice its own split, by the first that matches, and moves no user back', async () => {
    const slice = (name: string, value: string, candidate: number) => ({
      matches: [
        { headers: [{ name, kind: 'exact' as const, value }], path: undefined, pathPrefix: undefined },
      ],
      weights: [
        { version: 'v1', weight: 10_000 - candidate },
        { version: 'v2', weight: candidate },
      ],
    });
    const usersOn = async (headers: Readonly<Record<string, string>>) => {
      const answered = await caller.calls(1000, HOST, (index) => ({ ...headers, 'x-user-id': `u${index}` }));
      return new Set(answered.flatMap(({ version }, index) => (version === 'v2' ? [index] : [])));
    };
    const at = async (everybody: number, ours: number) => {
      await inForce(
        fraud(everybody, {
          ...sticky,
          slices: [slice('x-tenant', 'ours', ours), slice('x-region', 'eu', 0)],
        }),
      );
      return {
        everybody: await usersOn({}),
        ours: await usersOn({ 'x-tenant': 'ours', 'x-region': 'eu' }),
        eu: await usersOn({ 'x-region': 'eu' }),
      };
    };
    const before = await at(1000, 3000);
    const after = await at(2000, 6000);
    expect([before.eu.size, after.eu.size]).toEqual([0, 0]);
    for (const [users, share] of [
      [before.everybody, 100],
      [before.ours, 300],
      [after.everybody, 200],
      [after.ours, 600],
    ] as const) {
      expect(Math.abs(users.size - share)).toBeLessThan(60);
    }
    expect(before.everybody.isSubsetOf(after.everybody)).toBe(true);
    expect(before.ours.isSubsetOf(after.ours)).toBe(true);
    // Whoever is ahead in a slice is not behind everybody else.
    expect(before.everybody.isSubsetOf(before.ours)).toBe(true);
  });
});

describe('a version that gets copies', () => {
  it.each<[string, Behaviour]>([
    ['answers', answers('v2')],
    ['fails', fails(status.INTERNAL)],
    ['never answers', hangs],
    ['breaks its streams', (stream) => stream.destroy()],
  ])('and %s has no effect on any caller', async (_, behaviour) => {
    v2.behaviour = behaviour;
    await inForce(fraud(0, { mirror: { version: 'v2', percent: 100 } }));
    const copies = v2.calls;
    const answered = await caller.calls(100, HOST);
    expect(answered.map(({ status: code, version, text }) => [code, version, text])).toEqual(
      answered.map(() => [0, 'v1', 'v1']),
    );
    await until('every call was copied', () => v2.calls >= copies + 100);
  });
});

describe('a breaker', () => {
  const breaker: BreakerIr = {
    admitted: 0,
    bypass: [{ headers: [], path: '/test.Model/Ready', pathPrefix: undefined }],
    fallback: { kind: 'response', grpcStatus: 14, httpStatus: 503, message: 'größer, 50 %', headers: [] },
  };

  it.each([
    [0, 0, 0],
    [500, 60, 145],
    [10_000, 2000, 2000],
  ])(
    'that admits %d of 10000 lets %d to %d of 2000 through, alike to both versions',
    async (admitted, least, most) => {
      await inForce(fraud(5000, { breaker: { ...breaker, admitted } }));
      const answered = await caller.calls(2000, HOST);
      const v1s = count(answered, ({ version }) => version === 'v1');
      const v2s = count(answered, ({ version }) => version === 'v2');
      expect(v1s + v2s).toBeGreaterThanOrEqual(least);
      expect(v1s + v2s).toBeLessThanOrEqual(most);
      expect(Math.abs(v1s - v2s)).toBeLessThanOrEqual(4 * Math.sqrt(v1s + v2s));
      expect(count(answered, ({ fallback }) => fallback === 'response')).toBe(2000 - v1s - v2s);
    },
  );

  it('answers in the words of gRPC', async () => {
    await inForce(fraud(0, { breaker }));
    expect(await grpcCall(sidecar.port, HOST)).toMatchObject({
      code: status.UNAVAILABLE,
      details: 'größer, 50 %',
      metadata: { 'x-penstock-fallback': 'response' },
    });
  });

  it('lets what bypasses it through', async () => {
    await inForce(fraud(0, { breaker }));
    expect(await caller.call(HOST, { ':path': '/test.Model/Ready' })).toMatchObject({
      status: 0,
      version: 'v1',
    });
  });

  it('hands calls to a fallback that names itself', async () => {
    const fallback = { kind: 'cluster', cluster: 'default/fraud/v2', label: 'fraud-lite' } as const;
    await inForce(fraud(0, { breaker: { ...breaker, fallback } }));
    expect(await caller.call(HOST)).toMatchObject({ status: 0, text: 'v2', fallback: 'fraud-lite' });
  });
});

describe('a call', () => {
  it.each([
    ['the bound of the service', {}, 300, 'no answer within the time that the service allows'],
    ["the caller's deadline", { 'grpc-timeout': '100m' }, 100, 'downstream duration timeout'],
    ['the bound where the deadline is later', { 'grpc-timeout': '5S' }, 300, 'downstream duration timeout'],
  ])('that hangs is ended by %s', async (_, headers, afterMs, message) => {
    v1.behaviour = hangs;
    await inForce(fraud(0, { requestTimeoutMs: 300 }));
    const from = performance.now();
    expect(await caller.call(HOST, headers)).toMatchObject({ status: status.DEADLINE_EXCEEDED, message });
    expect(performance.now() - from).toBeGreaterThan(afterMs - 5);
  });

  it('that hangs is counted against its endpoint', async () => {
    v1.behaviour = hangs;
    await inForce(fraud(0, { requestTimeoutMs: 100 }));
    await caller.call(HOST);
    expect(await sidecar.admin('/clusters')).toMatch(/default\/fraud\/v1::127.0.0.1:\d+::rq_error::[1-9]/);
  });

  it('that fails is tried again where it may be, on another version when that is asked for', async () => {
    v2.behaviour = fails(status.UNAVAILABLE);
    const service = fraud(5000, { retries: { rescue: true } });
    // Half of the calls fail at first: more than the usual budget of retries.
    await inForce({
      ...service,
      versions: service.versions.map((each) => ({ ...each, retryBudgetPercent: 100 })),
    });
    const answered = await caller.calls(200, HOST);
    expect(count(answered, ({ status: code }) => code === 0)).toBe(200);
    expect(v2.calls).toBeGreaterThan(0);
  });

  it('is logged with the version that answered', async () => {
    await inForce(fraud(10_000));
    await caller.call(HOST, { 'x-request-id': 'logged' });
    await until('the line is there', () => sidecar.stdout().includes('"logged"'));
    const line =
      sidecar
        .stdout()
        .split('\n')
        .find((each) => each.includes('"logged"')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ service: 'default/fraud', version: 'v2', grpcStatus: 'OK' });
  });

  it('is traced with the version that answered, in the trace of its caller', async () => {
    await inForce(fraud(10_000));
    const [traceId, parentSpanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    await caller.call(HOST, { traceparent: `00-${traceId}-${parentSpanId}-01` });
    const ours = () => collector.sidecar.find((span) => span.traceId === traceId);
    await until('its span is there', () => ours() !== undefined);
    expect(ours()).toMatchObject({
      parentSpanId,
      tags: { 'penstock.service': 'default/fraud', 'penstock.version': 'v2' },
    });
  });
});
