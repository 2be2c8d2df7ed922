import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What the proxy does to Prometheus's answers: nothing; samples that are no number, or a minute old; an answer that
 * comes after a minute; no answer, since nobody listens behind it.
 */
export type Alteration = 'none' | 'not a number' | 'a minute old' | 'a minute late' | 'gone';

const MINUTE_S = 60;

/** Stands in front of a real Prometheus and alters what it answers. */
export interface AlteringProxy {
  readonly url: string;
  /** `HOST:PORT` of Prometheus. */
  target: string;
  alteration: Alteration;
  /** Answers that were altered so far. */
  altered: number;
  stop(): Promise<void>;
}

export async function startAlteringProxy(target: string): Promise<AlteringProxy> {
  const late = new Set<NodeJS.Timeout>();
  const server = createServer((request, response) => {
    relay(proxy, late, request, response).catch(() => {
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: AlteringProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target,
    alteration: 'none',
    altered: 0,
    stop: async () => {
      for (const timer of late) clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

async function relay(
  proxy: AlteringProxy,
  late: Set<NodeJS.Timeout>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { alteration } = proxy;
  if (alteration !== 'none') proxy.altered += 1;
  if (alteration === 'gone') {
    response.destroy();
    return;
  }
  const body = Buffer.concat(chunks);
  const answer = await fetch(`http://${proxy.target}${request.url}`, {
    method: request.method ?? 'GET',
    headers: { 'content-type': request.headers['content-type'] ?? 'text/plain' },
    ...(body.length === 0 ? {} : { body }),
  });
  const text = alter(await answer.text(), alteration);
  const send = () => {
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(text);
  };
  if (alteration === 'a minute late') late.add(setTimeout(send, MINUTE_S * 1000));
  else send();
}

/** Samples are pairs of a time, seconds, and a text. */
function alter(json: string, alteration: Alteration): string {
  const pair = /\[(\d+(?:\.\d+)?),"([^"]*)"\]/g;
  if (alteration === 'not a number') return json.replaceAll(pair, '[$1,"NaN"]');
  if (alteration !== 'a minute old') return json;
  return json.replaceAll(pair, (_, at: string, value: string) => `[${Number(at) - MINUTE_S},"${value}"]`);
}
