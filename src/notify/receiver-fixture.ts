import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the receiver does with a request: a status with a body, or `hang`: nothing. */
export type Reply = { readonly status: number; readonly body?: string } | 'hang';

/** A receiver of webhooks: a real HTTP server that records what it gets and answers as the test says. */
export class Receiver {
  readonly received: Received[] = [];
  reply: (request: Received, count: number) => Reply = () => ({ status: 200 });
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const got = {
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      this.received.push(got);
      const reply = this.reply(got, this.received.length);
      if (reply === 'hang') return;
      response.writeHead(reply.status, { location: '/elsewhere' });
      response.end(reply.body ?? '');
    });
  });

  /** @returns `http://HOST:PORT` */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
