import { createServer, type Server, type ServerResponse } from 'node:http';

/** How a Prometheus may be wrong. */
export const LIES = ['slow', 'nan', 'zero', 'yesterday', 'empty', 'error', 'garbage'] as const;
export type Lie = (typeof LIES)[number];

const SLOW_MS = 2_000;
const DAY_S = 86_400;

/** Stands before a real Prometheus, and passes its answers on as they are, or not. */
export class LyingPrometheus {
  readonly url: string;
  readonly #server: Server;
  readonly #lies: Lie[] = [];

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async before(real: () => string): Promise<LyingPrometheus> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the proxy does not listen');
    const proxy = new LyingPrometheus(server, address.port);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const init = {
          method: request.method ?? 'GET',
          headers: { 'content-type': request.headers['content-type'] ?? '' },
        };
        const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) };
        fetch(`${real()}${request.url}`, { ...init, ...body })
          .then(async (answer) => proxy.#answer(response, answer.status, await answer.text()))
          .catch(() => response.destroy());
      });
    });
    return proxy;
  }

  /** Lies from now on; of several an error hides the others. @returns how to stop */
  tell(lie: Lie): () => void {
    this.#lies.push(lie);
    return () => void this.#lies.splice(this.#lies.indexOf(lie), 1);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(response: ServerResponse, status: number, text: string): void {
    const lie = this.#lies.includes('error') ? 'error' : this.#lies.at(-1);
    const end = (code: number, body: string): void => {
      if (!response.destroyed) response.writeHead(code, { 'content-type': 'application/json' }).end(body);
    };
    if (lie === undefined) end(status, text);
    else if (lie === 'slow') setTimeout(() => end(status, text), SLOW_MS);
    else if (lie === 'error') end(500, '{"status":"error","errorType":"internal","error":"a lie"}');
    else if (lie === 'garbage') end(200, text.slice(0, text.length / 2));
    else end(status, twist(text, lie));
  }
}

/** The same answer with other samples: `[time, "value"]` pairs are found wherever they stand. */
function twist(text: string, lie: Lie): string {
  const answer = JSON.parse(text) as { data?: { result?: unknown } };
  if (lie === 'empty' && answer.data)
    return JSON.stringify({ ...answer, data: { ...answer.data, result: [] } });
  return JSON.stringify(answer, (_, value: unknown) => {
    if (!Array.isArray(value) || value.length !== 2) return value;
    const [at, sample] = value as readonly unknown[];
    if (typeof at !== 'number' || typeof sample !== 'string') return value;
    if (lie === 'nan') return [at, 'NaN'];
    if (lie === 'zero') return [at, '0'];
    return [at - DAY_S, sample];
  });
}
