import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { SampleMesh } from '../../e2e/dashboard/sample-mesh.ts';
import type { DecisionRecord } from '../core/status/status.ts';
import { buildApp } from './app.ts';
import { loadDashboard } from './dashboard-files.ts';
import { Feed } from './feed.ts';
import { isLoopbackHost } from './guard.ts';
import { Recorder } from './recorder.ts';
import type { History } from './wire.ts';

const NOW = 1_760_000_000_000;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function start(reads: Partial<SampleMesh> = {}) {
  const mesh = Object.assign(new SampleMesh({ now: NOW }), reads);
  const feed = new Feed(mesh, () => NOW);
  closers.push(() => feed.close());
  const recorder = new Recorder();
  const errors: Error[] = [];
  const app = buildApp({
    controlPlane: mesh,
    registry: new Registry(),
    feed,
    recorder,
    dashboard: new Map([
      [
        '/',
        {
          body: new TextEncoder().encode('<!doctype html>'),
          type: 'text/html',
          etag: '"1"',
          cacheControl: 'no-cache',
        },
      ],
    ]),
    openMetrics: true,
    allowsHost: (host) => isLoopbackHost(host),
    reportError: (error) => errors.push(error),
  });
  const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    app.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return { mesh, app, post, recorder, errors };
}

async function read<Value>(response: Response): Promise<Value> {
  return (await response.json()) as Value;
}

async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const { status, detail } = await read<{ status: number; detail: string }>(response);
  expect(status).toBe(response.status);
  return `${status} ${detail}`;
}

describe('reading', () => {
  it.each(['services', 'rollouts', 'breakers', 'limits', 'sidecars'] as const)('lists %s', async (name) => {
    const { app, mesh } = start();
    const response = await app.request(`/api/v1/${name}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(mesh[name]())));
  });

  it('tells its own status', async () => {
    expect(await (await start().app.request('/api/v1/status')).json()).toMatchObject({
      version: '0.1.0',
      frozen: false,
    });
  });

  it('tells the audit a line each, and its newest entry', async () => {
    const response = await start().app.request('/api/v1/audit?after=1&limit=1');
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    expect(response.headers.get('x-penstock-audit-head')).toMatch(/^\d+:[0-9a-f]{64}$/);
    expect(JSON.parse((await response.text()).trimEnd())).toMatchObject({ seq: 2 });
  });

  it('filters and pages decisions', async () => {
    const { app } = start();
    const ids = async (query: string) => {
      const decisions = await read<DecisionRecord[]>(await app.request(`/api/v1/decisions?${query}`));
      return decisions.map(({ id }) => id);
    };
    expect(await ids('limit=2')).toEqual([7, 6]);
    expect(await ids('limit=2&before=6')).toEqual([5, 4]);
    expect(await ids('after=6')).toEqual([7]);
    expect(await ids('service=default/ranker&reason=RolledBack')).toHaveLength(1);
    expect(await ids('subject=Breaker/default/embeddings')).toHaveLength(2);
  });

  it('says that it is alive, and whether it is ready', async () => {
    const { app, mesh } = start();
    expect((await app.request('/healthz')).status).toBe(200);
    expect((await app.request('/readyz')).status).toBe(200);
    mesh.setReady(false);
    expect(await problemOf(await app.request('/readyz'))).toBe('503 no configuration is in force yet');
  });

  it('gives recorded numbers of a service and of a rollout', async () => {
    const { app, mesh, recorder } = start();
    for (let i = 0; i < 10; i++) recorder.record(mesh, NOW + i * 1_000);
    const rollout = await read<History>(await app.request('/api/v1/history?rollout=default/fraud-v2'));
    expect(rollout.at).toHaveLength(10);
    expect(rollout.series['errors/log10Evidence']).toHaveLength(10);
    expect(rollout.series['rejections/log10Evidence']).toEqual(Array(10).fill(null));
    const service = await read<History>(await app.request('/api/v1/history?service=default/fraud'));
    expect(service.at).toEqual([NOW, NOW + 5_000]);
    expect(service.series['v2/weight']).toEqual([2_500, 2_500]);
  });

  it('serves the dashboard with a validator', async () => {
    const { app } = start();
    expect(await (await app.request('/')).text()).toBe('<!doctype html>');
    expect((await app.request('/', { headers: { 'if-none-match': '"1"' } })).status).toBe(304);
  });

  it('has no dashboard where none was built', async () => {
    expect((await loadDashboard('/nowhere/at/all')).size).toBe(0);
  });
});

describe('acting', () => {
  it.each(['promote', 'pause', 'resume', 'abort', 'retry'] as const)(
    'passes %s on and answers with the rollout',
    async (action) => {
      const { post, mesh } = start();
      const response = await post(`/api/v1/rollouts/fraud-v2:${action}`, undefined, {
        'x-penstock-actor': 'ada',
      });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ name: 'fraud-v2' });
      expect(mesh.commands).toEqual([
        { kind: action, rollout: { namespace: 'default', name: 'fraud-v2' }, actor: 'ada' },
      ]);
    },
  );

  it('takes the namespace from the path or the query', async () => {
    const { post, mesh } = start();
    await post('/api/v1/rollouts/default/fraud-v2:pause');
    await post('/api/v1/rollouts/fraud-v2:pause?namespace=default');
    expect(mesh.commands.map((command) => 'rollout' in command && command.rollout.namespace)).toEqual([
      'default',
      'default',
    ]);
    expect(await problemOf(await post('/api/v1/rollouts/fraud-v2:pause?namespace=prod'))).toMatch(
      /^404 there is no rollout prod\/fraud-v2/,
    );
  });

  it.each(['freeze', 'baseline'] as const)('switches %s on and off', async (kind) => {
    const { post, mesh } = start();
    const field = kind === 'freeze' ? 'frozen' : 'baseline';
    expect(await (await post(`/api/v1/${kind}`, { on: true })).json()).toMatchObject({ [field]: true });
    expect(await (await post(`/api/v1/${kind}`, { on: false })).json()).toMatchObject({ [field]: false });
    expect(mesh.commands).toHaveLength(2);
  });

  it('calls a caller without a name anonymous', async () => {
    const { post, mesh } = start();
    await post('/api/v1/freeze', { on: true }, { 'x-penstock-actor': '<script>' });
    expect(mesh.commands[0]?.actor).toBe('anonymous');
  });
});

describe('mistakes', () => {
  const json = { 'content-type': 'application/json' };
  it.each<[string, string, RequestInit, string]>([
    [
      'an unknown path',
      '/api/v2/services',
      {},
      '404 there is nothing at /api/v2/services; /openapi.json lists what there is',
    ],
    [
      'an unknown action',
      '/api/v1/rollouts/fraud-v2:explode',
      { method: 'POST', headers: json },
      '404 there is nothing at /api/v1/rollouts/fraud-v2:explode',
    ],
    [
      'a rollout that is not there',
      '/api/v1/rollouts/none:abort',
      { method: 'POST', headers: json },
      '404 there is no rollout default/none',
    ],
    [
      'an action that the phase forbids',
      '/api/v1/rollouts/ranker-v9:promote',
      { method: 'POST', headers: json },
      '409 ranker-v9 is rolled back',
    ],
    [
      'the wrong method',
      '/api/v1/services',
      { method: 'DELETE', headers: json },
      '405 /api/v1/services answers to GET, HEAD, not to DELETE',
    ],
    [
      'reading an action',
      '/api/v1/rollouts/fraud-v2:abort',
      {},
      '405 /api/v1/rollouts/fraud-v2:abort answers to POST, not to GET',
    ],
    ['a body that is not JSON', '/api/v1/freeze', { method: 'POST', headers: json, body: '{' }, '400 body: '],
    [
      'a body with the wrong type',
      '/api/v1/freeze',
      { method: 'POST', headers: json, body: '{"on":"yes"}' },
      '400 body: on: ',
    ],
    [
      'a body with an unknown field',
      '/api/v1/freeze',
      { method: 'POST', headers: json, body: '{"on":true,"x":1}' },
      '400 body: ',
    ],
    [
      'a body that is too large',
      '/api/v1/freeze',
      { method: 'POST', headers: json, body: `{"on":${' '.repeat(20_000)}true}` },
      '413 a body has at most 16384 bytes',
    ],
    ['an unknown query parameter', '/api/v1/decisions?colour=red', {}, '400 query: '],
    ['a limit that is no number', '/api/v1/decisions?limit=many', {}, '400 query: limit: '],
    ['history of nothing', '/api/v1/history', {}, '400 query: give either service or rollout'],
    [
      'history of an unknown rollout',
      '/api/v1/history?rollout=default/none',
      {},
      '404 nothing is recorded of default/none',
    ],
  ])('answers %s with one clear message', async (_, path, init, expected) => {
    const answer = await problemOf(await start().app.request(path, init));
    expect(answer.startsWith(expected), answer).toBe(true);
  });

  it('keeps what went wrong inside to itself', async () => {
    const { app, errors } = start({
      services: () => {
        throw new Error('secret');
      },
    });
    expect(await problemOf(await app.request('/api/v1/services'))).not.toContain('secret');
    expect(errors.map(({ message }) => message)).toEqual(['secret']);
  });
});
