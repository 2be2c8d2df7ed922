import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  DecisionRecord,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
} from '../src/core/status/status.ts';
import { nodeMetadata } from '../src/core/translate/node-metadata.ts';
import { freePorts } from '../src/demo/free-port.ts';
import { waitUntil } from '../src/demo/wait-until.ts';
import { Serve, temporaryFolder } from './penstock-process.ts';
import { SPECS } from './sample-specs.ts';
import { type RunningEnvoy, startEnvoy } from './xds/envoy.ts';

const folder = temporaryFolder();
const file = join(folder.path, 'specs.yaml');
writeFileSync(file, SPECS);
let tests = 0;
let args: readonly string[];
let serve: Serve;
let envoy: RunningEnvoy | undefined;

beforeEach(async () => {
  args = ['-f', file, '--state', join(folder.path, `state-${++tests}`)];
  serve = await Serve.start(args);
});
afterEach(async () => {
  await envoy?.stop();
  envoy = undefined;
  await serve.stop();
});
afterAll(() => folder.remove());

const rollout = async () => (await serve.api<readonly RolloutStatus[]>('rollouts'))[0];
const weights = async () =>
  (await serve.api<readonly ServiceStatus[]>('services'))[0]?.versions.map(({ weight }) => weight);
const decisions = () => serve.api<readonly DecisionRecord[]>('decisions?limit=100');

/** A new process on the same state and addresses. */
async function startAgain(): Promise<void> {
  const addresses = { xds: serve.xdsAddress, admin: serve.adminUrl.replace('http://', '') };
  serve = await Serve.start(args, addresses);
}

/** A client's Envoy, in step with the control plane. */
async function connectEnvoy(): Promise<RunningEnvoy> {
  const [port = 0] = await freePorts(1);
  const metadata = nodeMetadata({ kind: 'outbound', address: '127.0.0.1', port });
  const started = await startEnvoy({ nodeId: 'client', xdsPort: serve.xdsPort, protocol: 'delta', metadata });
  await sidecarFollows();
  return started;
}

const sidecarFollows = () =>
  waitUntil('the sidecar follows', async () => {
    const sidecars = await serve.api<readonly SidecarStatus[]>('sidecars');
    return sidecars.length === 1 && sidecars.every((each) => each.converged);
  });

/** What the Envoy does with requests, without when it was told. */
async function routesIn(running: RunningEnvoy): Promise<string> {
  const { configs } = JSON.parse(await running.admin('/config_dump')) as { configs: { '@type': string }[] };
  const routes = configs.filter((each) => each['@type'].endsWith('.RoutesConfigDump'));
  return JSON.stringify(routes, (key, value) => (key === 'last_updated' ? undefined : value));
}

describe('kill -9 and a restart on the same state', () => {
  it('in the middle of a rollout changes nothing for callers, and decisions are numbered on', async () => {
    envoy = await connectEnvoy();
    await serve.post('rollouts/default/fraud-v2:promote');
    await waitUntil(
      'the step is in force',
      async () => (await rollout())?.laggards.length === 0 && (await weights())?.[1] === 2500,
    );
    const [before, routes, last] = [await rollout(), await routesIn(envoy), (await decisions())[0]?.id ?? 0];
    expect(routes).toContain('2500');

    await serve.stop('SIGKILL');
    await startAgain();
    await sidecarFollows();

    expect(await weights()).toEqual([7500, 2500]);
    // As soon as the sidecar reports again there is data.
    await waitUntil('the same phase', async () => (await rollout())?.phase === before?.phase);
    const after = await rollout();
    expect(after).toMatchObject({
      weight: 2500,
      step: before?.step,
      startedAt: before?.startedAt,
      phase: before?.phase,
    });
    expect(await routesIn(envoy)).toBe(routes);
    await serve.post('rollouts/default/fraud-v2:pause');
    const ids = (await decisions()).map(({ id }) => id);
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toBeGreaterThan(last);
    expect(ids).toContain(last);
  });

  it('keeps the switches as they were', async () => {
    await serve.command('freeze', 'on');
    await serve.command('baseline', 'on');
    expect(await weights()).toEqual([10_000, 0]);
    await serve.stop('SIGKILL');
    await startAgain();
    expect(await serve.status()).toMatchObject({ frozen: true, baseline: true });
    expect(await weights()).toEqual([10_000, 0]);
    expect((await serve.command('get')).stdout).toMatch(/^FROZEN: .*\n^BASELINE: /m);

    await serve.post('baseline', { on: false });
    await serve.post('freeze', { on: false });
    expect(await serve.status()).toMatchObject({ frozen: false, baseline: false });
    expect(await weights()).toEqual([9500, 500]);
  });
});

describe('SIGTERM', () => {
  it('ends with sidecars, watchers and event streams connected, in less than 3 s', async () => {
    envoy = await connectEnvoy();
    const events = await fetch(`${serve.adminUrl}/api/v1/events`);
    const startedAt = performance.now();
    const { code, stdout } = await serve.stop();
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(serve.log.at(-1)?.msg).toBe('stopping; sidecars keep their configuration');
    await events.body?.cancel().catch(() => undefined);
    const routes = await routesIn(envoy);
    expect(routes).toContain('9500');
    await startAgain();
  });
});

describe('a state that another version wrote', () => {
  const state = () => new DatabaseSync(join(folder.path, `state-${tests}`, 'penstock.db'));

  /** Edits what was saved of the service, while nobody runs. */
  function edit(change: (saved: ReturnType<typeof JSON.parse>) => void): void {
    const database = state();
    const key = 'service:default/fraud';
    const saved = JSON.parse(
      String(database.prepare('SELECT value FROM state WHERE key = ?').get(key)?.value),
    );
    change(saved);
    database.prepare('UPDATE state SET value = ? WHERE key = ?').run(JSON.stringify(saved), key);
    database.close();
  }

  it.each([
    [
      'a rollout without timers',
      (saved) => delete saved.rollout.state.timers.warmMs,
      'the rollout fraud-v2',
      500,
    ],
    [
      'a rollout in a phase of its own',
      (saved) => (saved.rollout.state.phase = 'Dreaming'),
      'the rollout fraud-v2',
      500,
    ],
    [
      'a gate without its evidence',
      (saved) => delete saved.rollout.state.gates.errors.state.relative,
      'the gate errors of fraud-v2',
      2500,
    ],
    ['a breaker without its window', (saved) => delete saved.breaker.excess, 'the breaker', 2500],
    [
      'endpoints without memory',
      (saved) => delete saved.balance.v1.endpoints['127.0.0.1:9101'].errorLog,
      'the balance of version v1',
      2500,
    ],
    ['no format at all', (saved) => delete saved.formats, 'the rollout fraud-v2', 500],
  ] as const satisfies readonly (readonly [string, Parameters<typeof edit>[0], string, number])[])(
    '%s: that part begins anew, with a warning',
    async (_, change, what, weight) => {
      envoy = await connectEnvoy();
      await serve.post('rollouts/default/fraud-v2:promote');
      await waitUntil('the step is in force', async () => (await weights())?.[1] === 2500);
      await serve.stop();
      edit(change);
      await startAgain();
      const warnings = serve.log.filter((line) => line.level === 40);
      expect(warnings.map(({ msg }) => msg).join('\n')).toContain(
        `${what} begins anew, since what was saved of it`,
      );
      await waitUntil('the weights', async () => (await weights())?.[1] === weight);
      expect(serve.log.filter((line) => line.level > 40)).toEqual([]);
      expect(await (await fetch(`${serve.adminUrl}/metrics`)).text()).not.toContain('NaN');
      expect(JSON.stringify(await serve.api('rollouts'))).not.toContain('null');
    },
  );
});
