import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { findTool } from '../../app/toolchain.ts';
import { Exporter } from '../exporter-fixture.ts';
import { PrometheusClient, type PrometheusOptions } from './client.ts';
import type { PrometheusError } from './prometheus-error.ts';
import { type PrometheusProcess, startPrometheus } from './prometheus-fixture.ts';

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

function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-tls-'));
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const names = ['-subj', '/CN=prometheus', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { folder, cert, key };
}
