import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Something to scrape: a real HTTP server whose page is whatever the test says at the moment. */
export class Exporter {
  /** Text in the exposition format; undefined: it answers 500. */
  page: string | undefined = '';
  scrapes = 0;
  readonly #server = createServer((_, response) => {
    this.scrapes++;
    response.statusCode = this.page === undefined ? 500 : 200;
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(this.page);
  });

  /** @returns `HOST:PORT` */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
