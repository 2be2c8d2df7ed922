import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PrometheusClient, type PrometheusOptions } from './client.ts';
import type { PrometheusError } from './prometheus-error.ts';

function clientOf(url: string, options: Omit<PrometheusOptions, 'url'> = {}): PrometheusClient {
  const client = new PrometheusClient({ url, retries: 0, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** The error that a question ends with. */
async function failureOf(question: Promise<unknown>): Promise<PrometheusError> {
  return question.then(
    () => expect.fail('it was answered'),
    (error: PrometheusError) => error,
  );
}

describe('what is no healthy Prometheus', () => {
  async function serve(answer: RequestListener): Promise<string> {
    const server = createServer(answer);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const json =
    (status: number, body: unknown): RequestListener =>
    (_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };

  test.each<[name: string, answer: RequestListener, code: string, message: RegExp]>([
    [
      'an overloaded one',
      json(503, { status: 'error', errorType: 'timeout', error: 'too slow' }),
      'unavailable',
      /timeout: too slow/,
    ],
    [
      'a failing proxy',
      (_, response) => void response.writeHead(502).end('bad gateway'),
      'unavailable',
      /it answers 502/,
    ],
    [
      'a login page',
      (_, r) => void r.writeHead(302, { location: 'https://login' }).end(),
      'not-prometheus',
      /redirects to https:\/\/login/,
    ],
    [
      'a web site',
      (_, r) => void r.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      'not-prometheus',
      /no Prometheus API/,
    ],
    ['a cut answer', (_, r) => void r.writeHead(200).end('{"status":"succ'), 'malformed', /it is no JSON/],
    ['an empty answer', json(200, { status: 'success' }), 'malformed', /neither data nor an error/],
    [
      'another API',
      json(200, { status: 'success', data: { resultType: 'streams', result: [] } }),
      'malformed',
      /"streams"/,
    ],
    [
      'a broken sample',
      json(200, { status: 'success', data: { resultType: 'scalar', result: [1, 'one'] } }),
      'malformed',
      /"one" is no number/,
    ],
    ['a forbidden one', json(403, {}), 'unauthorized', /refuses our credentials \(403\)/],
  ])('%s', async (_, answer, code, message) => {
    const failure = await failureOf(clientOf(await serve(answer)).queryInstant('1'));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
  });

  test('nobody listens', async () => {
    const failure = await failureOf(clientOf('http://127.0.0.1:1').queryInstant('1'));
    expect(failure.code).toBe('unreachable');
    expect(failure.message).toBe(
      'Prometheus at http://127.0.0.1:1: connection refused; is it running, and is the address right?',
    );
  });

  test('no TLS is spoken there', async () => {
    const url = await serve(json(200, {}));
    const failure = await failureOf(clientOf(url.replace('http:', 'https:')).queryInstant('1'));
    expect(failure).toMatchObject({ code: 'unreachable' });
    expect(failure.message).toContain('no TLS is spoken there');
  });

  test('silence ends after the timeout, also in the middle of an answer', async () => {
    const silent = clientOf(await serve(() => {}), { timeoutMs: 50 });
    expect(await failureOf(silent.queryInstant('1'))).toMatchObject({ code: 'timeout' });
    const stuck = clientOf(await serve((_, response) => void response.writeHead(200).write('{')), {
      timeoutMs: 50,
    });
    expect(await failureOf(stuck.queryInstant('1'))).toMatchObject({ code: 'timeout' });
  });

  test('an answer that is too large is not read to its end', async () => {
    const url = await serve((_, response) => void response.end(Buffer.alloc(3_000_000, ' ')));
    const failure = await failureOf(clientOf(url, { maxResponseBytes: 1_048_576 }).queryInstant('1'));
    expect(failure.code).toBe('too-large');
    expect(failure.message).toContain('larger than 1 MiB');
  });

  test('a passing failure is tried again, a lasting one is not', async () => {
    let asked = 0;
    const ok = { status: 'success', data: { resultType: 'scalar', result: [1, '1'] } };
    const recovering = await serve((request, response) =>
      json(++asked < 3 ? 503 : 200, ok)(request, response),
    );
    expect(await clientOf(recovering, { retries: 2 }).queryInstant('1')).toMatchObject({ kind: 'scalar' });
    expect(asked).toBe(3);
    asked = 0;
    const lasting = await serve((request, response) => {
      asked++;
      json(400, { status: 'error', errorType: 'bad_data', error: 'no' })(request, response);
    });
    await failureOf(clientOf(lasting, { retries: 2 }).queryInstant('1'));
    expect(asked).toBe(1);
  });

  test('closing ends what is under way', async () => {
    const client = clientOf(await serve(() => {}));
    const failure = failureOf(client.queryInstant('1'));
    client.close();
    expect(await failure).toMatchObject({ code: 'closed' });
  });

  test('a bearer token is read anew for each request', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-token-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'token');
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization);
      json(200, { status: 'success', data: { resultType: 'scalar', result: [1, '1'] } })(request, response);
    });
    const client = clientOf(url, { credentials: { kind: 'bearer-file', file } });
    expect(await failureOf(client.queryInstant('1'))).toMatchObject({
      message: expect.stringContaining('token file'),
    });
    for (const token of ['one', 'two\n']) {
      writeFileSync(file, token);
      await client.queryInstant('1');
    }
    await clientOf(url, { credentials: { kind: 'bearer', token: 'three' } }).queryInstant('1');
    expect(seen).toEqual(['Bearer one', 'Bearer two', 'Bearer three']);
  });

  test.each(['prometheus:9090', 'ftp://host', ''])('%j is no address', (url) => {
    expect(() => new PrometheusClient({ url })).toThrow(
      /is no address of a Prometheus; one is such as http:/,
    );
  });
});
