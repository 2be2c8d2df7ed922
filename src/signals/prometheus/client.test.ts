import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { findTool } from '../../app/toolchain.ts';
import { Exporter } from '../testing/exporter.ts';
import { type PrometheusProcess, startPrometheus } from '../testing/prometheus-process.ts';
import { PrometheusClient, type PrometheusOptions } from './client.ts';
import type { PrometheusError } from './prometheus-error.ts';

const executable = findTool('prometheus').path;

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

describe('a real Prometheus', () => {
  const exporter = new Exporter();
  let prometheus: PrometheusProcess;
  let url: string;

  beforeAll(async () => {
    exporter.page = 'requests_total{code="0"} 7\nrequests_total{code="13"} 2\nodd NaN\nendless +Inf\n';
    prometheus = await startPrometheus({ executable, targets: [await exporter.listen()] });
    url = `http://${prometheus.address}`;
    const client = new PrometheusClient({ url });
    await vi.waitUntil(async () => (await client.querySamples('requests_total[1m]'))[0]?.samples[2], 10_000);
    client.close();
  });
  afterAll(async () => {
    await prometheus?.stop();
    await exporter.close();
  });

  test('answers with a vector', async () => {
    const answer = await clientOf(url).queryInstant('requests_total{code="13"}');
    expect(answer).toMatchObject({
      kind: 'vector',
      elements: [{ labels: { __name__: 'requests_total', code: '13' }, sample: { value: 2 } }],
    });
  });

  test('answers with a scalar, and with what is no number', async () => {
    const client = clientOf(url);
    expect(await client.queryInstant('1 + 1')).toMatchObject({ kind: 'scalar', sample: { value: 2 } });
    expect(await client.queryInstant('odd')).toMatchObject({ elements: [{ sample: { value: Number.NaN } }] });
    expect(await client.queryInstant('endless')).toMatchObject({
      elements: [{ sample: { value: Number.POSITIVE_INFINITY } }],
    });
    expect(await client.queryInstant('absent_everywhere')).toEqual({ kind: 'vector', elements: [] });
  });

  test('tells raw samples with the times of their scrapes', async () => {
    const [series, ...others] = await clientOf(url).querySamples('requests_total{code="0"}[1m]');
    expect(others).toEqual([]);
    const [first, second] = series?.samples ?? [];
    expect(first?.value).toBe(7);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(100);
    expect(Math.abs(Date.now() - (first?.at ?? 0))).toBeLessThan(60_000);
  });

  test('evaluates at a time that is given', async () => {
    const atMs = 1_700_000_000_250;
    const answer = await clientOf(url).queryInstant('time()', { atMs });
    expect(answer).toEqual({ kind: 'scalar', sample: { at: atMs, value: 1_700_000_000.25 } });
  });

  test('evaluates over a range', async () => {
    const range = { fromMs: 1_700_000_000_000, toMs: 1_700_000_010_000, stepMs: 5_000 };
    const [series] = await clientOf(url).queryRange('vector(time())', range);
    expect(series?.samples.map(({ at, value }) => [at - range.fromMs, value - 1_700_000_000])).toEqual([
      [0, 0],
      [5000, 5],
      [10_000, 10],
    ]);
  });

  test('is asked by POST where the query is too long for a URL', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => `v${i}`).join('|');
    expect(await clientOf(url).queryInstant(`requests_total{code=~"${many}"}`)).toEqual({
      kind: 'vector',
      elements: [],
    });
  });

  test('has a clock', async () => {
    expect(Math.abs((await clientOf(url).now()) - Date.now())).toBeLessThan(5_000);
  });

  test('rejects a bad query in its own words', async () => {
    const failure = await failureOf(clientOf(url).queryInstant('sum('));
    expect(failure).toMatchObject({ code: 'bad-query', status: 400 });
    expect(failure.message).toMatch(
      /^Prometheus at http:\/\/127\.0\.0\.1:\d+: bad_data: .*parse error: unclosed left parenthesis/,
    );
  });

  test('is below a path prefix', async () => {
    const prefixed = await startPrometheus({
      executable,
      targets: [],
      arguments: ['--web.external-url=http://localhost/metrics/prom'],
    });
    onTestFinished(() => prefixed.stop());
    const base = `http://${prefixed.address}`;
    expect(await clientOf(`${base}/metrics/prom/`).queryInstant('1')).toMatchObject({ kind: 'scalar' });
    expect(await failureOf(clientOf(base).queryInstant('1'))).toMatchObject({
      code: 'not-prometheus',
      status: 404,
    });
  });

  test('with TLS and basic auth', async () => {
    const { cert, key, folder } = certificate();
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const secured = await startPrometheus({
      executable,
      targets: [],
      files: { 'tls.crt': readFileSync(cert, 'utf8'), 'tls.key': readFileSync(key, 'utf8') },
      // The hash is that of "penstock".
      web: [
        'tls_server_config: {cert_file: tls.crt, key_file: tls.key}',
        'basic_auth_users: {ops: "$2b$05$abcdefghijklmnopqrstuunobXDS3uycWkDRT7LTaSc5YZwYN0Mgm"}',
      ].join('\n'),
    });
    onTestFinished(() => secured.stop());
    const base = `https://${secured.address}`;
    const tls = { caFile: cert };
    const credentials = { kind: 'basic', user: 'ops', password: 'penstock' } as const;
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, 'penstock\n');

    expect(await clientOf(base, { tls, credentials }).queryInstant('1')).toMatchObject({ kind: 'scalar' });
    expect(await clientOf(base, { tls: { insecure: true }, credentials }).queryInstant('1')).toMatchObject({
      kind: 'scalar',
    });
    const fromFile = { kind: 'basic-file', user: 'ops', passwordFile } as const;
    expect(await clientOf(base, { tls, credentials: fromFile }).queryInstant('1')).toMatchObject({
      kind: 'scalar',
    });
    const inUrl = clientOf(base.replace('//', '//ops:penstock@'), { tls });
    expect(await inUrl.queryInstant('1')).toMatchObject({ kind: 'scalar' });
    expect(inUrl.name).toBe(base);

    expect(await failureOf(clientOf(base, { tls }).queryInstant('1'))).toMatchObject({
      code: 'unauthorized',
      status: 401,
    });
    const distrusted = await failureOf(clientOf(base, { credentials }).queryInstant('1'));
    expect(distrusted.code).toBe('unreachable');
    expect(distrusted.message).toContain('its certificate is self-signed; give it as CA file');
    const plain = await failureOf(clientOf(base.replace('https', 'http')).queryInstant('1'));
    expect(plain.code).not.toBe('unreachable');
  });
});

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

function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-tls-'));
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const names = ['-subj', '/CN=prometheus', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { folder, cert, key };
}
