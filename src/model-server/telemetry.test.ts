import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats, type InferResult } from './client.ts';
import { openNvml } from './telemetry/nvml.ts';
import { SHIPPED_MODELS, type StartedServer, startServer, until } from './testdata/started-server.ts';

const image = floats('image', [1, 64], new Array<number>(64).fill(3));
const DIGITS = ['--model-repository', SHIPPED_MODELS, '--model', 'digits:v1'];

describe('a cache of answers', () => {
  let started: StartedServer;

  beforeAll(async () => {
    started = await startServer(...DIGITS, '--cache-size', '1');
  });
  afterAll(() => started[Symbol.asyncDispose]());

  const lookups = (result: string) => started.metric('model_cache_lookups_total', { result });
  const bytes = ({ outputs }: InferResult) => outputs.map(({ data }) => Buffer.from(data).toString('hex'));

  it('answers what comes again without computing it, and counts it like any other', async () => {
    const first = await started.client.infer({ model: 'digits', inputs: [image] });
    const again = await started.client.infer({ model: 'digits', inputs: [image] });
    expect(bytes(again)).toEqual(bytes(first));
    expect([await lookups('miss'), await lookups('hit')]).toEqual([1, 1]);
    expect(await started.metric('model_batch_rows_count')).toBe(1);
    expect(await started.metric('model_requests_total', { code: 'OK' })).toBe(2);
    expect(await started.metric('model_score_count')).toBe(2);
  });

  it('computes what is new', async () => {
    const other = floats('image', [1, 64], new Array<number>(64).fill(4));
    await started.client.infer({ model: 'digits', inputs: [other] });
    expect(await lookups('miss')).toBe(2);
  });
});

describe('a server short of memory', () => {
  it('says that it is degraded with every answer and on its health', async () => {
    await using started = await startServer(
      ...DIGITS,
      '--degraded-above',
      '0.0001',
      '--recovered-below',
      '0.00001',
    );
    const answer = await started.client.infer({ model: 'digits', inputs: [image] });
    expect(answer.headers.get('x-envoy-degraded')).toEqual(['1']);
    const health = await started.fetch('/readyz');
    expect([health.status, health.headers.get('x-envoy-degraded')]).toEqual([200, '1']);
    expect(await (await started.fetch('/metrics')).text()).toContain('model_server_degraded 1');
  });

  it('says nothing of the kind otherwise, nor of GPUs that it does not have', async () => {
    await using started = await startServer(...DIGITS, '--degraded-above', '1');
    const answer = await started.client.infer({ model: 'digits', inputs: [image] });
    expect(answer.headers.get('x-envoy-degraded')).toEqual([]);
    const metrics = await (await started.fetch('/metrics')).text();
    expect(metrics).toContain('model_server_degraded 0');
    expect(metrics).toMatch(/model_provider_info\{.*provider="cpu"\} 1/);
    expect(metrics.includes('nv_gpu_')).toBe(openNvml() !== undefined);
  });
});

describe('traces', () => {
  it('have the spans of a sampled call under the one that made it, by OTLP in JSON', async () => {
    interface Span {
      name: string;
      traceId: string;
      spanId: string;
      parentSpanId: string;
      startTimeUnixNano: string;
      endTimeUnixNano: string;
    }
    const received: Span[] = [];
    const collector = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        expect(request.url).toBe('/v1/traces');
        const sent = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
        received.push(
          ...sent.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
        );
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const { port } = collector.address() as AddressInfo;
    const traceId = 'a'.repeat(32);
    const parent = 'b'.repeat(16);
    {
      await using started = await startServer(...DIGITS, '--otlp-endpoint', `http://127.0.0.1:${port}`);
      const call = (flags: string) =>
        started.client.infer({
          model: 'digits',
          inputs: [image],
          headers: { traceparent: `00-${traceId}-${parent}-${flags}` },
        });
      await call('00');
      await call('01');
      await until(() => received.length > 0);
    }
    collector.close();

    expect(received.map(({ name }) => name)).toEqual([
      'inference.GRPCInferenceService/ModelInfer',
      'queue',
      'compute',
    ]);
    const [whole, ...parts] = received;
    expect(whole).toMatchObject({ traceId, parentSpanId: parent });
    for (const part of parts) {
      expect(part).toMatchObject({ traceId, parentSpanId: whole?.spanId });
      expect(BigInt(part.startTimeUnixNano)).toBeGreaterThanOrEqual(
        BigInt(whole?.startTimeUnixNano ?? 0) - 1_000_000n,
      );
      expect(BigInt(part.endTimeUnixNano)).toBeLessThanOrEqual(BigInt(whole?.endTimeUnixNano ?? 0));
    }
  });
});
