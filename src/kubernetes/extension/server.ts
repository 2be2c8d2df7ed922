import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { type DemandSource, externalMetrics } from './external-metrics.ts';
import { type WebhookSources, webhooks } from './webhooks.ts';

/** The server's certificate and whom it believes to be the API server. */
export interface ExtensionTls {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** Authority of the API server's front proxy; undefined: nobody may read metrics. */
  readonly frontProxy: FrontProxy | undefined;
}

export interface FrontProxy {
  /** PEM. */
  readonly ca: string;
  /** Common names that its certificate may have; empty: any of that authority. */
  readonly allowedNames: readonly string[];
}

export interface ExtensionOptions extends WebhookSources, DemandSource {
  readonly host: string;
  readonly port: number;
  readonly tls: ExtensionTls;
}

export interface ExtensionServer {
  readonly port: number;
  /** From the next connection on. */
  renew(tls: ExtensionTls): void;
  close(): Promise<void>;
}

/**
 * Serves what an API server of Kubernetes asks for by HTTPS: admission webhooks, and external metrics for those who
 * come through its aggregation layer.
 * @throws when the address cannot be listened on
 */
export async function serveExtension(options: ExtensionOptions): Promise<ExtensionServer> {
  let { tls } = options;
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get('/healthz', (c) => c.text('ok'));
  app.use('/apis/*', async (c, next) => {
    if (!comesFrom(tls.frontProxy, c.env.incoming.socket as TLSSocket))
      return c.text("only the API server's front proxy may ask; go through the API server", 401);
    return next();
  });
  app.route('/', webhooks(options));
  app.route('/', externalMetrics(options));
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    createServer,
    serverOptions: { ...secureContext(tls), requestCert: true, rejectUnauthorized: false },
  }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    renew(next) {
      tls = next;
      server.setSecureContext(secureContext(next));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

function secureContext({ cert, key, frontProxy }: ExtensionTls) {
  return {
    cert,
    key,
    minVersion: 'TLSv1.2' as const,
    ...(frontProxy === undefined ? {} : { ca: frontProxy.ca }),
  };
}

/** The API server proves itself by the certificate of its front proxy (requestheader authentication). */
function comesFrom(frontProxy: FrontProxy | undefined, socket: TLSSocket): boolean {
  if (frontProxy === undefined || !socket.authorized) return false;
  const name = socket.getPeerCertificate().subject?.CN;
  const { allowedNames } = frontProxy;
  return allowedNames.length === 0 || (typeof name === 'string' && allowedNames.includes(name));
}
