import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { SampleMesh } from '../../e2e/dashboard/sample-mesh.ts';
import { ROLES, type Role } from '../core/security/roles.ts';
import { buildApp } from './app.ts';
import { Authentication } from './authentication.ts';
import { Feed } from './feed.ts';
import { Recorder } from './recorder.ts';
import { apiRoutes, type Sources } from './routes.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function start({ openMetrics = true } = {}) {
  const clock = { now: 1_760_000_000_000 };
  const valid = new Map<string, { name: string; role: Role }>(
    ROLES.map((role) => [`token-of-${role}`, { name: `ada the ${role}`, role }]),
  );
  const mesh = new SampleMesh({ now: clock.now });
  const feed = new Feed(mesh, () => clock.now);
  closers.push(() => feed.close());
  const sources: Sources = {
    controlPlane: mesh,
    registry: new Registry(),
    feed,
    recorder: new Recorder(),
    openMetrics,
    authentication: new Authentication({ personOf: async (bearer) => valid.get(bearer) }, () => clock.now),
  };
  const app = buildApp({
    ...sources,
    dashboard: new Map(),
    allowsHost: () => true,
    reportError: (error) => {
      throw error;
    },
  });
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
    const json = { 'content-type': 'application/json', ...headers };
    const response = await app.request(path, { method, headers: json, ...(body !== undefined && { body }) });
    await response.body?.cancel();
    return response;
  };
  return { mesh, app, ask, clock, valid, routes: apiRoutes(sources) };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const pathOf = (path: string) => path.replace('{namespace}', 'default').replace('{name}', 'fraud-v2');

/** What each route needs; a route that is not here fails the test, and so does one that is gone. */
const NEEDED: Readonly<Record<string, Role | 'open'>> = {
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /metrics': 'open',
  'GET /api/v1/status': 'viewer',
  'GET /api/v1/services': 'viewer',
  'GET /api/v1/rollouts': 'viewer',
  'GET /api/v1/breakers': 'viewer',
  'GET /api/v1/limits': 'viewer',
  'GET /api/v1/sidecars': 'viewer',
  'GET /api/v1/decisions': 'viewer',
  'GET /api/v1/history': 'viewer',
  'GET /api/v1/events': 'viewer',
  'GET /api/v1/audit': 'viewer',
  'GET /api/v1/me': 'viewer',
  'POST /api/v1/login': 'open',
  'POST /api/v1/logout': 'open',
  'POST /api/v1/freeze': 'operator',
  'POST /api/v1/baseline': 'admin',
  ...Object.fromEntries(
    ['promote', 'pause', 'resume', 'abort', 'retry'].flatMap((action) => [
      [`POST /api/v1/rollouts/{name}:${action}`, 'operator'],
      [`POST /api/v1/rollouts/{namespace}/{name}:${action}`, 'operator'],
    ]),
  ),
};

describe('roles', () => {
  it('are said for every route there is', () => {
    const found = start().routes.map(({ method, path, access }) => [`${method} ${path}`, access]);
    expect(Object.fromEntries(found)).toEqual(NEEDED);
  });

  it.each(Object.entries(NEEDED).filter(([, needed]) => needed !== 'open'))(
    '%s is for a %s, and refused to whoever is less',
    async (route, needed) => {
      const [method = '', path = ''] = route.split(' ');
      const { ask, mesh } = start();
      const body = method === 'POST' ? '{"on":true}' : undefined;
      const nobody = await ask(method, pathOf(path), {}, body);
      expect(nobody.status).toBe(401);
      expect(nobody.headers.get('www-authenticate')).toBe('Bearer realm="penstock"');
      expect((await ask(method, pathOf(path), bearer('wrong'), body)).status).toBe(401);
      for (const role of ROLES) {
        const { status } = await ask(method, pathOf(path), bearer(`token-of-${role}`), body);
        if (ROLES.indexOf(role) < ROLES.indexOf(needed as Role)) {
          expect(status, role).toBe(403);
          expect(mesh.commands).toEqual([]);
        } else expect([401, 403], role).not.toContain(status);
      }
    },
  );

  it('are as good in a header of their own, for proxies that keep the usual one for themselves', async () => {
    const { ask } = start();
    const statusWith = async (token: string) =>
      (await ask('GET', '/api/v1/status', { 'x-penstock-token': token })).status;
    expect(await statusWith('token-of-viewer')).toBe(200);
    expect(await statusWith('wrong')).toBe(401);
  });

  it('keep /openapi.json for viewers, and metrics where they are asked to', async () => {
    const { ask } = start({ openMetrics: false });
    expect((await ask('GET', '/openapi.json')).status).toBe(401);
    expect((await ask('GET', '/openapi.json', bearer('token-of-viewer'))).status).toBe(200);
    expect((await ask('GET', '/metrics')).status).toBe(401);
    expect((await ask('GET', '/metrics', bearer('token-of-viewer'))).status).toBe(200);
    expect((await ask('HEAD', '/api/v1/services')).status).toBe(401);
  });

  it('name the authenticated person to the audit, whoever the caller says it is', async () => {
    const { ask, mesh } = start();
    const headers = { ...bearer('token-of-operator'), 'x-penstock-actor': 'somebody else' };
    await ask('POST', '/api/v1/rollouts/fraud-v2:pause', headers);
    expect(mesh.commands[0]?.actor).toBe('ada the operator');
  });
});

describe('a session', () => {
  async function login({ ask }: ReturnType<typeof start>, token = 'token-of-viewer') {
    const response = await ask('POST', '/api/v1/login', {}, JSON.stringify({ token }));
    return { response, cookie: response.headers.get('set-cookie') ?? '' };
  }

  it('stands for the token that it was traded for, out of reach of scripts and other sites', async () => {
    const started = start();
    const { response, cookie } = await login(started);
    expect(response.status).toBe(200);
    expect(cookie).toMatch(/^penstock_session=[\w-]{43}; .*HttpOnly; SameSite=Strict/);
    expect(cookie).not.toContain('token-of');
    const [session = ''] = cookie.split(';');
    expect((await started.ask('GET', '/api/v1/services', { cookie: session })).status).toBe(200);
    expect((await started.ask('POST', '/api/v1/freeze', { cookie: session }, '{"on":true}')).status).toBe(
      403,
    );
    await started.ask('POST', '/api/v1/logout', { cookie: session });
    expect((await started.ask('GET', '/api/v1/services', { cookie: session })).status).toBe(401);
  });

  it('ends when its token is revoked, and by itself', async () => {
    const started = start();
    const [first = ''] = (await login(started)).cookie.split(';');
    started.valid.delete('token-of-viewer');
    expect((await started.ask('GET', '/api/v1/services', { cookie: first })).status).toBe(401);
    const [second = ''] = (await login(started, 'token-of-admin')).cookie.split(';');
    started.clock.now += 8 * 3_600_000;
    expect((await started.ask('GET', '/api/v1/services', { cookie: second })).status).toBe(401);
  });

  it('is of no use to another site', async () => {
    const started = start();
    const [session = ''] = (await login(started, 'token-of-admin')).cookie.split(';');
    const foreign = { cookie: session, origin: 'https://evil.example' };
    expect((await started.ask('POST', '/api/v1/freeze', foreign, '{"on":true}')).status).toBe(403);
    expect(started.mesh.commands).toEqual([]);
  });
});

it('makes whoever guesses wait, and lets them try again later', async () => {
  const { ask, clock } = start();
  for (let i = 0; i < 10; i++)
    expect((await ask('GET', '/api/v1/me', bearer(`guess-${i}`))).status).toBe(401);
  const refused = await ask('GET', '/api/v1/me', bearer('token-of-admin'));
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('6');
  clock.now += 6_001;
  expect((await ask('GET', '/api/v1/me', bearer('token-of-admin'))).status).toBe(200);
});

it('ends a stream of events soon after its token is revoked', async () => {
  const { app, clock, valid, mesh } = start();
  const response = await app.request('/api/v1/events', { headers: bearer('token-of-viewer') });
  const reader = response.body?.getReader();
  const read = async () => new TextDecoder().decode((await reader?.read())?.value);
  expect(await read()).toContain('event: snapshot');
  const freeze = (on: boolean) =>
    app.request('/api/v1/freeze', {
      method: 'POST',
      headers: { ...bearer('token-of-admin'), 'content-type': 'application/json' },
      body: JSON.stringify({ on }),
    });
  await freeze(true);
  expect(await read()).toContain('event: change');
  valid.delete('token-of-viewer');
  clock.now += 5_000;
  await freeze(false);
  mesh.tick(clock.now);
  expect((await reader?.read())?.done).toBe(true);
});
