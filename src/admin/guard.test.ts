import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { hardened, isLoopbackHost, onlyHosts, sameOrigin } from './guard.ts';

function start() {
  const app = new Hono();
  app.use(hardened(), onlyHosts(isLoopbackHost), sameOrigin());
  return app.all('*', (context) => context.text('through'));
}

describe('guards', () => {
  it.each<[string, Record<string, string>, number]>([
    ['from the page itself', { origin: 'http://localhost', 'sec-fetch-site': 'same-origin' }, 200],
    ['from a shell', {}, 200],
    ['from another site', { origin: 'http://evil.example' }, 403],
    ['from another port', { origin: 'http://localhost:3000' }, 403],
    ['from a sandboxed page', { origin: 'null' }, 403],
    ['from another site, told by the browser', { 'sec-fetch-site': 'cross-site' }, 403],
    ['as a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['with a header of its own', { 'content-type': 'text/plain', 'x-penstock-request': '1' }, 200],
  ])('a command %s', async (_, headers, status) => {
    const all = { host: 'localhost', 'content-type': 'application/json', ...headers };
    expect((await start().request('/', { method: 'POST', headers: all })).status).toBe(status);
  });

  it.each([
    ['localhost:18080', 200],
    ['127.0.0.1:18080', 200],
    ['[::1]:18080', 200],
    ['penstock.localhost', 200],
    ['evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost.evil.example:18080', 421],
  ])('on loopback, the name %s', async (host, status) => {
    expect((await start().request('/healthz', { headers: { host } })).status).toBe(status);
  });

  it('lets the page load nothing but itself', async () => {
    const { headers } = await start().request('/');
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});
