import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  DecisionRecord,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
} from '../../src/core/status/status.ts';
import { nodeMetadata } from '../../src/core/translate/node-metadata.ts';
import { freePorts } from '../../src/demo/free-port.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { penstock, Serve, startPenstock, temporaryFolder } from '../penstock-process.ts';
import { type Load, startLoad } from '../protection/load.ts';
import { Caller } from '../translate/caller.ts';
import { type StandIn, startStandIn } from '../translate/model-server.ts';
import { type RunningEnvoy, startEnvoy } from '../xds/envoy.ts';
import { unpackOldVersion } from './old-version.ts';

// One state, one sidecar under load, and two versions of Penstock that take turns.

const HOST = 'fraud.default.svc.cluster.local';
const old = unpackOldVersion();

const specs = (models: readonly StandIn[]) => `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions: [${models.map(({ port }, i) => `{name: v${i + 1}, endpoints: {static: [{address: 127.0.0.1, port: ${port}}]}}`).join(', ')}]
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 10}, {pause: {}}, {setWeight: 30}, {pause: {}}, {setWeight: 60}, {pause: {}}, {setWeight: 100}]}
  retention: 1h
  analysis: {interval: 500ms, warmUp: 0s, onNoData: Ignore, metrics: [{name: errors, type: ErrorRate, maxRatio: 2}]}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, breaker: {errorThresholdPercent: 60}}
`;

describe.skipIf(old === undefined)('two versions that take turns on one state', () => {
  const folder = temporaryFolder();
  const state = join(folder.path, 'state');
  const args = ['-f', join(folder.path, 'specs.yaml'), '--state', state];
  const [OLD, NEW] = [{ main: old?.main ?? '' }, {}];
  let addresses: { xds: string; admin: string };
  let models: readonly StandIn[] = [];
  let serve: Serve;
  let envoy: RunningEnvoy | undefined;
  let caller: Caller | undefined;
  let load: Load | undefined;

  beforeAll(async () => {
    models = [await startStandIn('v1'), await startStandIn('v2')];
    writeFileSync(join(folder.path, 'specs.yaml'), specs(models));
    const [xds = 0, admin = 0, port = 0] = await freePorts(3);
    addresses = { xds: `127.0.0.1:${xds}`, admin: `127.0.0.1:${admin}` };
    serve = await Serve.start(args, { ...addresses, ...OLD });
    const metadata = nodeMetadata({ kind: 'outbound', address: '127.0.0.1', port });
    envoy = await startEnvoy({ nodeId: 'client', xdsPort: xds, protocol: 'delta', metadata });
    await envoy.listeningPort();
    caller = new Caller(port);
    const first = caller;
    await waitUntil('calls are answered', async () => (await first.call(HOST, {}, 1_000)).status === 0);
    load = startLoad(first, HOST, 50);
  });
  afterAll(async () => {
    await load?.stop();
    caller?.close();
    await envoy?.stop();
    await serve?.stop();
    for (const model of models) await model.stop();
    folder.remove();
    old?.remove();
  });

  /** The one that runs ends, and another version takes its place. */
  async function replaceBy(version: { main?: string }): Promise<void> {
    await serve.stop();
    serve = await Serve.start(args, { ...addresses, ...version });
    await waitUntil('the sidecar follows', async () => {
      const sidecars = await serve.api<readonly SidecarStatus[]>('sidecars');
      return (
        sidecars.length === 1 &&
        sidecars.every(({ converged, rejections }) => converged && !rejections.length)
      );
    });
  }
  const weights = async () =>
    (await serve.api<readonly ServiceStatus[]>('services'))[0]?.versions.map(({ weight }) => weight);
  const untilItWaits = () =>
    waitUntil('it waits for somebody', async () => {
      const [rollout] = await serve.api<readonly RolloutStatus[]>('rollouts');
      return rollout?.message.includes('until someone promotes');
    });
  const untilWeights = (wanted: readonly number[]) =>
    waitUntil(`weights are ${wanted}`, async () => (await weights())?.join() === wanted.join());
  const lost = () => load?.answers.filter(({ status }) => status !== 0) ?? [];
  const decided = async () =>
    (await serve.api<readonly DecisionRecord[]>('decisions?limit=500')).map(
      ({ id, message }) => `${id} ${message}`,
    );
  const asked = (main: { main?: string }, ...command: readonly string[]) =>
    penstock(command, { PENSTOCK_ADMIN: serve.adminUrl }, main.main);

  it('the new one goes on where the old one was, with its decisions and its audit', async () => {
    await untilWeights([9_000, 1_000]);
    await untilItWaits();
    await serve.post('freeze', { on: true });
    const before = await decided();
    await replaceBy(NEW);
    expect(await weights()).toEqual([9_000, 1_000]);
    expect((await serve.status()).frozen).toBe(true);
    expect((await decided()).slice(-before.length)).toEqual(before);
    expect(await asked(NEW, 'audit', 'verify')).toMatchObject({ code: 0 });
    await serve.post('freeze', { on: false });
    await untilItWaits();
    await serve.post('rollouts/default/fraud-v2:promote');
    await untilWeights([7_000, 3_000]);
    expect(lost()).toEqual([]);
  });

  it('the old one goes on where the new one was', async () => {
    const before = await decided();
    await replaceBy(OLD);
    expect(await weights()).toEqual([7_000, 3_000]);
    expect((await decided()).slice(-before.length)).toEqual(before);
    expect(await asked(OLD, 'audit', 'verify')).toMatchObject({ code: 0 });
    await untilItWaits();
    await serve.post('rollouts/default/fraud-v2:promote');
    await untilWeights([4_000, 6_000]);
    expect(lost()).toEqual([]);
  });

  it('either command line speaks to either server', async () => {
    expect(await asked(NEW, 'get')).toMatchObject({ code: 0, stdout: expect.stringContaining('fraud-v2') });
    expect(await asked(NEW, 'explain', 'rollout/fraud-v2')).toMatchObject({ code: 0 });
    await replaceBy(NEW);
    expect(await asked(OLD, 'get')).toMatchObject({ code: 0, stdout: expect.stringContaining('fraud-v2') });
    expect(await asked(OLD, 'explain', 'rollout/fraud-v2')).toMatchObject({ code: 0 });
  });

  it('what a later version adds to the state is passed over by both', async () => {
    for (const version of [NEW, OLD]) {
      await serve.stop();
      const database = new DatabaseSync(join(state, 'penstock.db'));
      database.exec(`
        UPDATE state SET value = json_set(value, '$.later', json('{"a":[1]}'), '$.rollout.state.later', 1)
          WHERE key = 'service:default/fraud';
        INSERT OR REPLACE INTO state VALUES ('later:default/fraud', '{"b":2}', 1);`);
      database.close();
      serve = await Serve.start(args, { ...addresses, ...version });
      expect(await weights()).toEqual([4_000, 6_000]);
    }
    await replaceBy(NEW);
    expect(lost()).toEqual([]);
    console.log(`upgrade from ${old?.commit}: ${load?.answers.length} calls, none lost`);
  });

  it('a state of a later schema is left alone by both, in words', async () => {
    await serve.stop();
    const database = new DatabaseSync(join(state, 'penstock.db'));
    database.exec("UPDATE meta SET value = '99' WHERE key = 'schema'");
    database.close();
    for (const { main } of [{ main: undefined }, OLD]) {
      const { ended } = startPenstock(['serve', ...args, '--xds-address', addresses.xds], {}, main);
      expect(await ended).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('written by a newer Penstock (schema 99'),
      });
    }
  });
});
