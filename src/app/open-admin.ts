import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ControlPlane } from '../admin/control-plane.ts';
import { serveAdmin } from '../admin/serve.ts';
import { openAdminCertificate } from './admin-certificate.ts';
import { openAdminSecurity } from './admin-security.ts';
import { adminSecurityWarnings } from './admin-security-options.ts';
import { projectDirectory } from './installation.ts';
import type { ServeOptions } from './serve-options.ts';

/** The HTTP API, the metrics and the dashboard, being served. */
export interface Admin extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
}

/** Serves them as the options say: by whom, and with which certificate. @throws where it cannot listen */
export async function openAdmin(
  options: ServeOptions,
  log: Logger,
  shown: { readonly plane: ControlPlane; readonly registry: Registry },
): Promise<Admin> {
  await using closing = new AsyncDisposableStack();
  const security =
    options.adminAuth === undefined ? undefined : await openAdminSecurity(options.adminAuth, log);
  closing.defer(() => security?.close());
  for (const warning of adminSecurityWarnings(options)) log.warn(warning);
  const certificate = await openAdminCertificate(options);
  const server = await serveAdmin({
    ...(certificate && { tls: certificate.credentials }),
    ...(security && { authenticator: security.authenticator, openMetrics: security.openMetrics }),
    address: options.adminAddress,
    registry: shown.registry,
    dashboardDir: join(projectDirectory(), 'dist', 'dashboard'),
    reportError: (error) => log.error({ err: error }, 'a request to the HTTP API failed'),
    controlPlane: shown.plane,
  });
  closing.defer(() => server.close());
  closing.adopt(certificate?.follow(server, log), (followed) => followed?.close());
  const kept = closing.move();
  return {
    address: server.address,
    port: server.port,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
