import type { Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createAdaptorServer } from '@hono/node-server';
import type { Registry } from 'prom-client';
import { buildApp } from './app.ts';
import { Authentication, type Authenticator } from './authentication.ts';
import type { ControlPlane } from './control-plane.ts';
import { loadDashboard } from './dashboard-files.ts';
import { Feed } from './feed.ts';
import { isLoopbackHost } from './guard.ts';
import { Recorder } from './recorder.ts';

const RECORD_INTERVAL_MS = 1_000;
/** How long answers under way may take once the server closes. */
const CLOSE_GRACE_MS = 1_000;

/** What `serveAdmin` needs. */
export interface AdminOptions {
  /** `HOST:PORT`, `[::1]:18080`; port 0 lets the system choose. */
  readonly address: string;
  readonly controlPlane: ControlPlane;
  readonly registry: Registry;
  /** Folder of the built dashboard (`dist/dashboard`). */
  readonly dashboardDir: string;
  /** Further names under which a server on loopback is reached, say by a proxy on this machine. */
  readonly allowedHosts?: readonly string[];
  readonly reportError?: (error: Error) => void;
  /** PEM; undefined: plaintext. */
  readonly tls?: AdminCertificate;
  /** Who has which credential; undefined: nobody is asked who they are. */
  readonly authenticator?: Authenticator;
  /** Metrics are for everybody; true unless said otherwise. */
  readonly openMetrics?: boolean;
}

export interface AdminCertificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface AdminServer {
  /** The host that it listens on. */
  readonly address: string;
  readonly port: number;
  /** New connections use this certificate. Without effect where there is no TLS. */
  rotate(certificate: AdminCertificate): void;
  /** Ends the event streams, lets answers under way finish, and frees the port. */
  close(): Promise<void>;
}

/** The address cannot be listened on; the message says why and what would help. */
class AdminAddressError extends Error {
  override readonly name = 'AdminAddressError';
  readonly code: 'in-use' | 'not-permitted' | 'not-available' | 'malformed';

  constructor(code: AdminAddressError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Serves API, metrics and dashboard until closed.
 *
 * @throws {AdminAddressError} the address is malformed, in use, or not this machine's.
 */
export async function serveAdmin(options: AdminOptions): Promise<AdminServer> {
  const { host, port } = parseAddress(options.address);
  const { controlPlane, registry } = options;
  const dashboard = await loadDashboard(options.dashboardDir);
  const feed = new Feed(controlPlane, Date.now);
  const recorder = new Recorder();
  const app = buildApp({
    controlPlane,
    registry,
    feed,
    recorder,
    dashboard,
    openMetrics: options.openMetrics ?? true,
    ...(options.authenticator && { authentication: new Authentication(options.authenticator, Date.now) }),
    allowsHost: isLoopbackHost(host) ? (name) => isLoopbackHost(name, options.allowedHosts) : () => true,
    reportError: options.reportError ?? (() => {}),
  });
  const { tls } = options;
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    ...(tls && { createServer: createTlsServer, serverOptions: { ...tls, minVersion: 'TLSv1.2' } }),
  }) as Server;
  try {
    await listen(server, host, port);
  } catch (error) {
    feed.close();
    throw explain(error, options.address);
  }
  const timer = setInterval(() => recorder.record(controlPlane, Date.now()), RECORD_INTERVAL_MS).unref();
  const bound = server.address();
  return {
    address: host,
    port: typeof bound === 'object' && bound ? bound.port : port,
    rotate: (certificate) => {
      if ('setSecureContext' in server && typeof server.setSecureContext === 'function')
        server.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' });
    },
    close: async () => {
      clearInterval(timer);
      feed.close();
      await closeServer(server);
    },
  };
}

/** `127.0.0.1:18080` or `[::1]:18080`. */
function parseAddress(address: string): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+):(\d{1,5})$/.exec(address);
  const [, host = '', port = ''] = match ?? [];
  if (!match || Number(port) > 65_535)
    throw new AdminAddressError(
      'malformed',
      `admin address ${JSON.stringify(address)}: give HOST:PORT, say 127.0.0.1:18080`,
    );
  return { host, port: Number(port) };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host.replace(/^\[|\]$/g, ''), () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // Connections become idle one after the other, as the event streams end.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    // A reader that does not take its last bytes must not keep the process.
    const impatient = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(impatient);
      resolve();
    });
  });
}

function explain(error: unknown, address: string): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const say = (kind: AdminAddressError['code'], text: string) =>
    new AdminAddressError(kind, `admin address ${address}: ${text}`, { cause: error });
  if (code === 'EADDRINUSE') return say('in-use', 'the port is in use; give another with --admin-address');
  if (code === 'EACCES')
    return say('not-permitted', 'not permitted; give a port above 1023 with --admin-address');
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return say('not-available', 'this machine has no such address');
  return error instanceof Error ? error : new Error(String(error));
}
