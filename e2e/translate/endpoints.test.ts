import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceIr } from '../../src/core/ir/ir.ts';
import { type ServiceSketch, serviceIr, type VersionSketch } from '../../src/core/translate/ir-fixture.ts';
import { type Answer, Caller } from './caller.ts';
import { freePort, Mesh, type Sidecar, until } from './mesh.ts';
import { answers, fails, type StandIn, startStandIn } from './model-server.ts';

const HOST = 'fraud.default.svc.cluster.local';
const POOL = 4;

let mesh: Mesh;
let sidecar: Sidecar;
let caller: Caller;
let stable: readonly StandIn[];
let candidate: readonly StandIn[];

beforeAll(async () => {
  mesh = await Mesh.start();
  stable = await pool('v1');
  candidate = await pool('v2');
  await mesh.apply(fraud({}));
  sidecar = await mesh.sidecar({ kind: 'outbound', address: '127.0.0.1', port: await freePort() });
  caller = new Caller(sidecar.port);
});

beforeEach(() => {
  stable.forEach((each, index) => {
    each.behaviour = answers(`v1-${index}`);
  });
});

afterAll(async () => {
  caller?.close();
  await mesh?.stop();
  await Promise.all([...(stable ?? []), ...(candidate ?? [])].map((each) => each.stop()));
});

function pool(name: string): Promise<readonly StandIn[]> {
  return Promise.all(Array.from({ length: POOL }, (_, index) => startStandIn(`${name}-${index}`)));
}

type EndpointSketch = Omit<NonNullable<VersionSketch['endpoints']>[number], 'port'>;

/** The stable version's endpoints, one for each sketch. */
function endpoints(...sketches: readonly EndpointSketch[]): NonNullable<VersionSketch['endpoints']> {
  return sketches.map((sketch, index) => ({ port: stable[index]?.port ?? 0, ...sketch }));
}

function fraud(version: Partial<VersionSketch>, routing: ServiceSketch['routing'] = {}): ServiceIr {
  const balancing = version.balancing === undefined ? {} : { balancing: version.balancing };
  return serviceIr({
    versions: [
      { name: 'v1', endpoints: endpoints({}, {}, {}, {}), ...version },
      { name: 'v2', endpoints: candidate.map(({ port }) => ({ port })), ...balancing },
    ],
    routing: { requestTimeoutMs: 5000, ...routing },
  });
}

/** How often each instance answered. */
function tally(given: readonly Answer[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { text } of given) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

/** Waits until the endpoints that answer are just these. */
async function answering(...names: readonly string[]): Promise<void> {
  await until(`${names} answer`, async () => {
    const seen = Object.keys(tally(await caller.calls(50, HOST))).sort();
    return seen.join() === [...names].sort().join();
  });
}

describe('endpoints', () => {
  it('get calls by their weights', async () => {
    await mesh.apply(fraud({ endpoints: endpoints({ weight: 6000 }, { weight: 2000 }, { weight: 2000 }) }));
    await answering('v1-0', 'v1-1', 'v1-2');
    const counts = tally(await caller.calls(1000, HOST));
    expect(Math.abs((counts['v1-0'] ?? 0) - 600)).toBeLessThan(60);
  });

  it('of a later tier wait until the earlier ones are gone', async () => {
    const tiers = (health: 'healthy' | 'draining') =>
      fraud({ endpoints: endpoints({ health }, { health }, { priority: 1 }) });
    await mesh.apply(tiers('healthy'));
    await answering('v1-0', 'v1-1');
    await mesh.apply(tiers('draining'));
    await answering('v1-2');
    await mesh.apply(tiers('healthy'));
    await answering('v1-0', 'v1-1');
  });

  it('that fail are ejected from a pool of two, and come back in time', async () => {
    const outlierDetection = {
      consecutiveErrors: 3,
      intervalMs: 1000,
      ejectionTimeMs: 2000,
      maxEjectionPercent: 10,
      failureRate: undefined,
    };
    await mesh.apply(fraud({ endpoints: endpoints({}, {}), outlierDetection }));
    await answering('v1-0', 'v1-1');
    const [sick] = stable;
    if (sick !== undefined) sick.behaviour = fails(status.INTERNAL);
    await until('it is ejected', async () =>
      (await caller.calls(50, HOST)).every(({ status: code }) => code === status.OK),
    );
    if (sick !== undefined) sick.behaviour = answers('v1-0');
    await answering('v1-0', 'v1-1');
  });

  it('of another set of cluster settings lose no call', async () => {
    await mesh.apply(fraud({}));
    let running = true;
    const seen: Answer[] = [];
    const load = Array.from({ length: 4 }, async () => {
      while (running) seen.push(await caller.call(HOST));
    });
    for (let round = 1; round <= 8; round++) {
      await mesh.apply(fraud({ connectTimeoutMs: 1000 + round }));
      const before = seen.length;
      await until('calls go on', () => seen.length > before + 20);
    }
    running = false;
    await Promise.all(load);
    expect(seen.filter(({ status: code }) => code !== status.OK)).toEqual([]);
  });
});

describe('a session', () => {
  it('stays on its instance, also when a rollout draws its users anew', async () => {
    const balancing = { policy: 'Maglev', affinity: [{ kind: 'header', name: 'x-session-id' }] } as const;
    const even = [
      { version: 'v1', weight: 5000 },
      { version: 'v2', weight: 5000 },
    ];
    const answered = async (salt: string) => {
      await mesh.apply(
        fraud({ balancing }, { weights: even, stickiness: [{ kind: 'header', name: 'x-user-id' }], salt }),
      );
      await answeringBoth();
      const identity = (index: number) => ({
        'x-user-id': `u${index % 60}`,
        'x-session-id': `s${index % 60}`,
      });
      return (await caller.calls(240, HOST, identity)).map(({ text }) => text);
    };
    const first = await answered('one');
    const second = await answered('two');
    for (const texts of [first, second]) {
      expect(texts).toEqual(texts.map((_, index) => texts[index % 60]));
    }
    const stayed = first.flatMap((text, index) =>
      second[index]?.slice(0, 2) === text.slice(0, 2) ? [index] : [],
    );
    expect(stayed.length).toBeLessThan(240);
    expect(stayed.map((index) => second[index])).toEqual(stayed.map((index) => first[index]));
  });

  /** Both versions answer: the cluster with the new policy is in force. */
  async function answeringBoth(): Promise<void> {
    await until('both versions answer', async () => {
      const sample = await caller.calls(50, HOST, (index) => ({
        'x-user-id': `p${index}`,
        'x-session-id': 'p',
      }));
      return new Set(sample.map(({ text }) => text)).size === 2;
    });
  }
});
