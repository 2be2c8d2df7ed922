import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool } from '../../src/app/toolchain.ts';
import { startChild } from '../../src/demo/child.ts';
import { freePort, until } from '../translate/mesh.ts';

/** A span as people see it in Jaeger. */
export interface SeenSpan {
  readonly service: string;
  readonly operation: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for the root of a trace. */
  readonly parentId: string | undefined;
  readonly tags: Readonly<Record<string, unknown>>;
}

interface ApiTrace {
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
  readonly spans: readonly {
    readonly traceID: string;
    readonly spanID: string;
    readonly operationName: string;
    readonly processID: string;
    readonly references: readonly { readonly refType: string; readonly spanID: string }[];
    readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  }[];
}

/** A real Jaeger that takes OTLP over HTTP and keeps traces in memory. */
export class Jaeger implements AsyncDisposable {
  /** Where spans are sent: `http://HOST:PORT`. */
  readonly collector: string;
  readonly #query: string;
  readonly #stop: () => Promise<void>;

  private constructor(collector: string, query: string, stop: () => Promise<void>) {
    this.collector = collector;
    this.#query = query;
    this.#stop = stop;
  }

  static async start(): Promise<Jaeger> {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-jaeger-'));
    const addresses = [
      'collector.otlp.http.host-port',
      'query.http-server.host-port',
      'collector.otlp.grpc.host-port',
      'collector.http-server.host-port',
      'collector.grpc-server.host-port',
      'query.grpc-server.host-port',
      'admin.http.host-port',
    ];
    const ports = await Promise.all(addresses.map(() => freePort()));
    const child = startChild({
      name: 'jaeger',
      command: findTool('jaeger').path,
      args: addresses.map((flag, index) => `--${flag}=127.0.0.1:${ports[index]}`),
      env: { SPAN_STORAGE_TYPE: 'memory' },
      logFile: join(folder, 'jaeger.log'),
    });
    const [collector, query] = ports.map((port) => `http://127.0.0.1:${port}`);
    const jaeger = new Jaeger(collector ?? '', query ?? '', async () => {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    await until('Jaeger answers', () => jaeger.#services().then((names) => names !== undefined), 60_000);
    return jaeger;
  }

  /** The newest traces that a service has a part in, span by span. */
  async traces(service: string): Promise<readonly (readonly SeenSpan[])[]> {
    const path = `/api/traces?service=${encodeURIComponent(service)}&limit=50&lookback=1h`;
    const answer = await fetch(`${this.#query}${path}`);
    const { data } = (await answer.json()) as { readonly data: readonly ApiTrace[] | null };
    return (data ?? []).map(spansOf);
  }

  async #services(): Promise<unknown> {
    const answer = await fetch(`${this.#query}/api/services`).catch(() => undefined);
    return answer?.ok ? answer.json() : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

function spansOf({ processes, spans }: ApiTrace): readonly SeenSpan[] {
  return spans.map(({ traceID, spanID, operationName, processID, references, tags }) => ({
    service: processes[processID]?.serviceName ?? '',
    operation: operationName,
    traceId: traceID,
    spanId: spanID,
    parentId: references.find(({ refType }) => refType === 'CHILD_OF')?.spanID,
    tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
  }));
}
