import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromBinary } from '@bufbuild/protobuf';
import { ExportTraceServiceRequestSchema } from '../src/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js';

export interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
}

/** A span of Envoy's, with those of its tags that are text. */
export interface SidecarSpan extends Span {
  readonly tags: Readonly<Record<string, string>>;
}

export interface Collector extends Disposable {
  readonly port: number;
  readonly sidecar: SidecarSpan[];
  readonly server: Span[];
}

/** What takes spans by OTLP over HTTP: the sidecar's come as protocol buffers, the server's as JSON. */
export async function startCollector(): Promise<Collector> {
  const sidecar: SidecarSpan[] = [];
  const server: Span[] = [];
  const http = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (request.headers['content-type'] === 'application/json') {
      const sent = JSON.parse(body.toString()) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
      for (const { scopeSpans } of sent.resourceSpans)
        server.push(...scopeSpans.flatMap(({ spans }) => spans));
    } else {
      sidecar.push(...sidecarSpans(body));
    }
    response.end();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    port,
    sidecar,
    server,
    [Symbol.dispose]: () => {
      http.close();
      http.closeAllConnections();
    },
  };
}

function sidecarSpans(body: Buffer): readonly SidecarSpan[] {
  const { resourceSpans } = fromBinary(ExportTraceServiceRequestSchema, body);
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  return spans.map(({ name, traceId, spanId, parentSpanId, attributes }) => ({
    name,
    traceId: hex(traceId),
    spanId: hex(spanId),
    parentSpanId: hex(parentSpanId),
    tags: Object.fromEntries(
      attributes.flatMap(({ key, value }) =>
        value?.value.case === 'stringValue' ? [[key, value.value.value]] : [],
      ),
    ),
  }));
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
