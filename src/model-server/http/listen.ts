import { serve } from '@hono/node-server';
import type { Hono } from 'hono';

/** An HTTP server that listens. */
export interface HttpServer {
  readonly port: number;
  close(): void;
}

/** Serves an application; port 0 is any free one. Rejects when it cannot listen. */
export function listenHttp(
  app: Hono,
  { address, port }: { address: string; port: number },
): Promise<HttpServer> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: address, port }, (bound) =>
      resolve({
        port: bound.port,
        close: () => {
          server.close();
          if ('closeIdleConnections' in server) server.closeIdleConnections();
        },
      }),
    );
    server.on('error', reject);
  });
}
