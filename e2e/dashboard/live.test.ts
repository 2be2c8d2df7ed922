import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { nodeMetadata } from '../../src/core/translate/node-metadata.ts';
import { startPenstock } from '../penstock-process.ts';
import { startLoad } from '../protection/load.ts';
import { Penstock } from '../rollout/penstock.ts';
import { Caller } from '../translate/caller.ts';
import { freePort, until } from '../translate/mesh.ts';
import { startStandIn } from '../translate/model-server.ts';
import { startEnvoy } from '../xds/envoy.ts';
import { type Browser, startBrowser } from './browser.ts';
import { takeScreenshots } from './screenshots.ts';
import { watch } from './watch.ts';

// What people see of real rollouts on real Envoys, and what their clicks do to them.

const HOST = 'fraud.default.svc.cluster.local';
const TIMEOUT_MS = 120_000;

let browser: Browser;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  browser = await startBrowser();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => browser?.close());

it('shows the rollout of the demo from its first step to its last, and finds Penstock again after a kill -9', async () => {
  const demo = startPenstock(['demo', '--only', 'promotion']);
  closers.push(() => demo.child.kill('SIGTERM'));
  const said = () => /dashboard on (\S+)/.exec(demo.stderr())?.[1];
  await until('the demo tells where its dashboard is', () => said() !== undefined, TIMEOUT_MS);
  const rollout = await browser.open();
  const mesh = await browser.open();
  const seen = await watch(rollout.page);
  await rollout.page.goto(`${said()}#/rollouts/demo/digits-v2`);
  await mesh.page.goto(`${said()}`);
  const gates = rollout.page.getByRole('region', { name: /^Gate (errors|p95|scores)$/ });
  await rollout.page
    .locator('.step[aria-current=step]', { hasText: '50 %' })
    .waitFor({ timeout: TIMEOUT_MS });
  expect(await gates.count()).toBe(3);
  await expect.poll(() => rollout.page.locator('.gate canvas').count()).toBeGreaterThan(0);
  expect(await rollout.page.locator('.requests').textContent()).toMatch(/\d+ of \d+ requests/);
  const flow = mesh.page
    .getByRole('region', { name: 'Service digits', exact: true })
    .getByRole('img')
    .first();
  await expect.poll(() => flow.getAttribute('aria-label')).toMatch(/50 % to v1, 50 % to v2/);
  await takeScreenshots(rollout.page, 'rollout');
  await takeScreenshots(mesh.page, 'mesh');
  const { code, stderr } = await demo.ended;
  expect(code, stderr).toBe(0);
  const { phases, steps, connection } = await seen();
  expect(steps).toEqual(expect.arrayContaining(['5 %', '25 %', '50 %']));
  expect(phases).toContain('Progressing');
  expect(phases.at(-1)).toMatch(/Promoting|Baking|Completed/);
  expect(connection.join(' ')).toMatch(/live.*lost.*live/);
});

it('pauses and aborts a rollout by clicks, and the traffic follows', async () => {
  const models = [await startStandIn('v1'), await startStandIn('v2')] as const;
  const penstock = await Penstock.start(`
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${models[0].port}}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: ${models[1].port}}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 30}, {pause: {duration: 1h}}, {setWeight: 100}]}
  analysis: {interval: 500ms, warmUp: 0s, metrics: [{name: errors, type: ErrorRate, maxRatio: 2}]}
`);
  const port = await freePort();
  const envoy = await startEnvoy({
    ...{ nodeId: 'client', xdsPort: penstock.xdsPort, protocol: 'delta' },
    metadata: nodeMetadata({ kind: 'outbound', address: '127.0.0.1', port }),
  });
  let caller = new Caller(port);
  closers.push(async () => {
    caller.close();
    await envoy.stop();
    await penstock.stop();
    for (const model of models) await model.stop();
  });
  await until('calls are answered', async () => {
    if ((await caller.call(HOST, {}, 500)).status === 0) return true;
    caller.close();
    caller = new Caller(port);
    return false;
  });
  const load = startLoad(caller, HOST, 50);
  const { page, errors } = await browser.open();
  await page.goto(`${penstock.adminUrl}/#/rollouts/default/fraud-v2`);
  const isShown = (phase: string) => page.locator('.standing .chip', { hasText: phase }).waitFor();
  await isShown('Progressing');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Pause rollout' }).click();
  await isShown('Paused');
  expect(await penstock.rollout()).toMatchObject({ phase: 'Paused', weight: 3_000 });

  await penstock.crash();
  await page.locator('[data-state=live]').waitFor();
  await isShown('Paused');

  await page.getByRole('button', { name: 'Abort' }).click();
  expect((await penstock.rollout()).phase, 'before it is confirmed').toBe('Paused');
  await page.getByRole('button', { name: 'Abort rollout' }).click();
  await isShown('Rolled back');
  await until('v1 has all the traffic', async () =>
    (await caller.calls(40, HOST)).every(({ version }) => version === 'v1'),
  );
  expect(await page.locator('.decision').first().textContent()).toContain('abort');
  await load.stop();
  expect(load.answers.filter(({ status }) => status !== 0)).toEqual([]);
  expect(errors.filter((each) => !each.includes('ERR_'))).toEqual([]);
});
