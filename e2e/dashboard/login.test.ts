import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AdminServer, serveAdmin } from '../../src/admin/serve.ts';
import type { Person } from '../../src/core/security/roles.ts';
import { type Browser, startBrowser } from './browser.ts';
import { SampleMesh } from './sample-mesh.ts';

let browser: Browser;
let folder: string;
let server: AdminServer;
const people = new Map<string, Person>();
const mesh = new SampleMesh({ now: Date.now() });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-login-'));
  const configFile = new URL('../../src/dashboard/vite.config.ts', import.meta.url).pathname;
  await build({ configFile, logLevel: 'warn', build: { outDir: folder } });
  server = await serveAdmin({
    address: '127.0.0.1:0',
    controlPlane: mesh,
    registry: new Registry(),
    dashboardDir: folder,
    authenticator: { personOf: async (bearer) => people.get(bearer) },
  });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

it('asks who looks, shows what they may do, and nothing once their token is revoked', async () => {
  people.set('token-of-a-viewer', { name: 'ada', role: 'viewer' });
  people.set('token-of-an-operator', { name: 'bob', role: 'operator' });
  const { page } = await browser.open();
  const url = `http://127.0.0.1:${server.port}/`;
  const rollout = async () => {
    await page.goto(`${url}#/rollouts/default/fraud-v2`);
    await page.locator('[data-state=live]').waitFor();
    await page.getByRole('heading', { name: 'fraud-v2' }).waitFor();
  };
  const enter = async (token: string) => {
    await page.getByLabel('Your token').fill(token);
    await page.getByRole('button', { name: 'Log in' }).click();
  };

  await page.goto(url);
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  expect(await page.locator('body').textContent()).not.toContain('fraud');
  await enter('wrong');
  await page.getByRole('alert').filter({ hasText: 'the token is not valid' }).waitFor();

  await enter('token-of-a-viewer');
  await page.getByRole('button', { name: 'Log out ada' }).waitFor();
  await rollout();
  expect(await page.getByRole('button', { name: 'Abort' }).count()).toBe(0);
  expect(await page.getByRole('button', { name: 'Freeze' }).count()).toBe(0);
  expect(await page.evaluate('document.cookie')).toBe('');

  await page.getByRole('button', { name: 'Log out ada' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await enter('token-of-an-operator');
  await page.getByRole('button', { name: 'Log out bob' }).waitFor();
  await rollout();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Pause rollout' }).click();
  await expect.poll(() => mesh.commands.at(-1)).toMatchObject({ kind: 'pause', actor: 'bob (127.0.0.1)' });

  people.delete('token-of-an-operator');
  await page.reload();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await page.close();
});
