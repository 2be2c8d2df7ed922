import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Counter, Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { SampleMesh } from '../../e2e/dashboard/sample-mesh.ts';
import { type AdminServer, serveAdmin } from './serve.ts';
import type { Change, Snapshot } from './wire.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(address = '127.0.0.1:0', dashboardDir = '/nowhere') {
  const mesh = new SampleMesh({ now: Date.now() });
  const registry = new Registry();
  const server = await serveAdmin({ address, controlPlane: mesh, registry, dashboardDir });
  closers.push(() => server.close());
  return { mesh, registry, server, base: `http://127.0.0.1:${server.port}` };
}

interface ServerSentEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** Reads events until `count` of the named kinds came. */
async function follow(base: string, headers: Record<string, string> = {}) {
  const abort = new AbortController();
  closers.push(async () => abort.abort());
  const response = await fetch(`${base}/api/v1/events`, { headers, signal: abort.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<ServerSentEvent | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        return parseEvent(block);
      }
      const read = await reader?.read();
      if (!read || read.done) return undefined;
      text += read.value;
    }
  };
  return { response, next, stop: () => abort.abort() };
}

function parseEvent(block: string): ServerSentEvent {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return {
    event: fields.get('event') ?? '',
    id: fields.get('id'),
    data: JSON.parse(fields.get('data') ?? 'null'),
  };
}

describe('/api/v1/events', () => {
  it('begins with everything, then tells only what became different', async () => {
    const { mesh, base } = await start();
    const { response, next } = await follow(base);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const first = await next();
    expect(first?.event).toBe('snapshot');
    const snapshot = first?.data as Snapshot;
    expect(snapshot.services.map(({ name }) => name)).toEqual(['fraud', 'ranker', 'embeddings']);
    expect(snapshot.decisions).toHaveLength(7);

    await mesh.command({ kind: 'freeze', on: true, actor: 'ada' });
    const second = await next();
    expect(second?.event).toBe('change');
    expect(second?.data).toEqual({
      at: expect.any(Number),
      status: expect.objectContaining({ frozen: true }),
    } satisfies Change);
  });

  it('gathers changes to at most one event a second', async () => {
    const { mesh, base } = await start();
    const { next } = await follow(base);
    await next();
    const begin = performance.now();
    const burst = setInterval(() => mesh.tick(Date.now()), 20);
    closers.push(async () => clearInterval(burst));
    for (let i = 0; i < 3; i++) expect((await next())?.event).toBe('change');
    expect(performance.now() - begin).toBeGreaterThan(2_000);
  });

  it('gives someone who comes back only what was missed', async () => {
    const { mesh, base } = await start();
    const { next, stop } = await follow(base);
    const first = await next();
    stop();
    await mesh.command({ kind: 'freeze', on: true, actor: 'ada' });
    await expect
      .poll(
        async () => {
          const again = await follow(base, { 'last-event-id': first?.id ?? '' });
          const event = await again.next();
          again.stop();
          return event?.event;
        },
        { timeout: 5_000 },
      )
      .toBe('change');
  });

  it.each(['', 'nonsense', 'other-3', '-1'])('starts over for the unknown id %j', async (id) => {
    const { base } = await start();
    const { next } = await follow(base, { 'last-event-id': id });
    expect((await next())?.event).toBe('snapshot');
  });

  it('tells several readers the same', async () => {
    const { mesh, base } = await start();
    const readers = await Promise.all([follow(base), follow(base), follow(base)]);
    for (const { next } of readers) expect((await next())?.event).toBe('snapshot');
    await mesh.command({ kind: 'baseline', on: true, actor: 'ada' });
    const changes = await Promise.all(readers.map(({ next }) => next()));
    expect(new Set(changes.map((change) => change?.id)).size).toBe(1);
  });

  it('ends when the server closes', async () => {
    const { server, base } = await start();
    const { next } = await follow(base);
    await next();
    await server.close();
    expect(await next()).toBeUndefined();
  });

  it('does not wait for a reader that reads nothing', async () => {
    const { mesh, server, base } = await start();
    const socket = connect(server.port, '127.0.0.1');
    closers.push(async () => socket.destroy());
    await once(socket, 'connect');
    socket.pause();
    socket.write('GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const { next } = await follow(base);
    await next();
    await mesh.command({ kind: 'freeze', on: true, actor: 'ada' });
    expect((await next())?.event).toBe('change');
  });
});

describe('serving', () => {
  it('says who asked from where', async () => {
    const { mesh, base } = await start();
    const headers = { 'content-type': 'application/json', 'x-penstock-actor': 'ada' };
    await fetch(`${base}/api/v1/freeze`, { method: 'POST', headers, body: '{"on":true}' });
    expect(mesh.commands[0]?.actor).toBe('ada (127.0.0.1)');
  });

  it('gives the metrics of the registry', async () => {
    const { registry, base } = await start();
    new Counter({ name: 'penstock_test_total', help: 'a test', registers: [registry] }).inc(3);
    const response = await fetch(`${base}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/);
    expect(await response.text()).toContain('penstock_test_total 3');
  });

  it('serves the built files from memory, with types and caching', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'penstock-dashboard-'));
    closers.push(() => rm(folder, { recursive: true }));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), '<!doctype html><title>Penstock</title>');
    await writeFile(join(folder, 'assets', 'index-abc.js'), 'void 0');
    const { base } = await start('127.0.0.1:0', folder);
    const page = await fetch(`${base}/`);
    expect([page.headers.get('content-type'), page.headers.get('cache-control')]).toEqual([
      'text/html; charset=utf-8',
      'no-cache',
    ]);
    const script = await fetch(`${base}/assets/index-abc.js`);
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await fetch(`${base}/..%2f..%2fetc%2fpasswd`)).status).toBe(404);
  });

  it('refuses an oversized body that does not tell its length', async () => {
    const { base } = await start();
    const chunk = new Uint8Array(4_096).fill(32);
    const body = ReadableStream.from(Array.from({ length: 10 }, () => chunk));
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit;
    expect((await fetch(`${base}/api/v1/freeze`, init)).status).toBe(413);
  });

  it('is gone once closed, and the port free', async () => {
    const { server } = await start();
    await server.close();
    const again = await start(`127.0.0.1:${server.port}`);
    expect((await fetch(`${again.base}/healthz`)).status).toBe(200);
  });
});

describe('an address that cannot be had', () => {
  const attempt = (address: string): Promise<AdminServer> =>
    serveAdmin({
      address,
      controlPlane: new SampleMesh({ now: 0 }),
      registry: new Registry(),
      dashboardDir: '/nowhere',
    });

  it('names the port in use and the way out', async () => {
    const { server } = await start();
    const address = `127.0.0.1:${server.port}`;
    await expect(attempt(address)).rejects.toMatchObject({
      name: 'AdminAddressError',
      code: 'in-use',
      message: `admin address ${address}: the port is in use; give another with --admin-address`,
    });
  });

  it.each([
    ['18080', 'malformed'],
    ['localhost', 'malformed'],
    ['127.0.0.1:99999', 'malformed'],
    ['::1:80', 'malformed'],
    ['192.0.2.1:0', 'not-available'],
  ])('%s is %s', async (address, code) => {
    await expect(attempt(address)).rejects.toMatchObject({ name: 'AdminAddressError', code });
  });
});
