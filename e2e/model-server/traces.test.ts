import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { ExportTraceServiceRequestSchema } from '../../src/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js';
import { connectModel, floats } from '../../src/model-server/client.ts';
import { until } from '../../src/model-server/testdata/started-server.ts';
import { freePort } from './free-port.ts';
import { startServerProcess } from './server-process.ts';
import { startSidecar } from './sidecar.ts';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
}

/** What takes spans by OTLP over HTTP: the sidecar's come as protocol buffers, the server's as JSON. */
async function startCollector() {
  const sidecar: Span[] = [];
  const server: Span[] = [];
  const http = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (request.headers['content-type'] === 'application/json') {
      const sent = JSON.parse(body.toString()) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
      for (const { scopeSpans } of sent.resourceSpans)
        server.push(...scopeSpans.flatMap(({ spans }) => spans));
    } else {
      const sent = fromBinary(ExportTraceServiceRequestSchema, body);
      for (const { name, ...ids } of sent.resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap(({ spans }) => spans),
      ))
        sidecar.push({
          name,
          traceId: hex(ids.traceId),
          spanId: hex(ids.spanId),
          parentSpanId: hex(ids.parentSpanId),
        });
    }
    response.end();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return { port, sidecar, server, [Symbol.dispose]: () => void http.close() };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test("the server's spans are under those of the sidecar that brought the call", async () => {
  using collector = await startCollector();
  const port = await freePort();
  await using _server = await startServerProcess(
    ...['--grpc-port', `${port}`, '--model', 'digits:v1'],
    ...['--otlp-endpoint', `http://127.0.0.1:${collector.port}`],
  );
  await using sidecar = await startSidecar([port], await freePort(), collector.port);
  await until(async () =>
    (await sidecar.admin('/stats?filter=models.membership_healthy')).includes('healthy: 1'),
  );
  const client = connectModel(`127.0.0.1:${sidecar.port}`);
  const image = floats('image', [1, 64], new Array<number>(64).fill(3));
  await Promise.all(Array.from({ length: 5 }, () => client.infer({ model: 'digits', inputs: [image] })));
  client.close();

  const calls = () => collector.server.filter(({ name }) => name.endsWith('ModelInfer'));
  await until(() => calls().length === 5 && collector.sidecar.length >= 5, 20_000);
  expect(new Set(calls().map(({ traceId }) => traceId)).size).toBe(5);
  for (const { traceId, parentSpanId, spanId } of calls()) {
    expect(collector.sidecar).toContainEqual(expect.objectContaining({ traceId, spanId: parentSpanId }));
    const parts = collector.server.filter((span) => span.parentSpanId === spanId);
    expect(parts.map(({ name }) => name)).toEqual(['queue', 'compute']);
  }
});
