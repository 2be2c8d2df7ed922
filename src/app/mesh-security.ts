import type { Logger } from 'pino';
import { secrets } from '../core/translate/mesh-tls.ts';
import { GivenCertificates } from '../security/given-certificates.ts';
import type { MeshCertificates } from '../security/mesh-certificates.ts';
import type { SecretSource } from '../xds/contract.ts';
import { encodeForPool } from './encode.ts';
import type { MeshOptions } from './mesh-security-options.ts';

const LOOK_MS = 1_000;
/** Longer than a sidecar takes to take up new authorities, after an outage too. */
const SETTLE_MS = 5_000;

/**
 * The certificates that sidecars are given, and how to stop following them; undefined where none are asked for.
 * @throws where files cannot be used
 */
export async function openMeshSecurity(
  options: MeshOptions,
  log: Logger,
): Promise<{ readonly source: SecretSource; close(): Promise<void> } | undefined> {
  const certificates = await open(options, log);
  if (certificates === undefined) return undefined;
  return {
    source: {
      follow: (identity, told) =>
        certificates.follow(identity, (certificate) => told(secrets(certificate).map(encodeForPool))),
    },
    close: () => certificates.close(),
  };
}

async function open(options: MeshOptions, log: Logger): Promise<MeshCertificates | undefined> {
  const { meshCaCert: cert, meshCaKey: key, meshCertificates: folder, meshCertificateLifetime } = options;
  const told = {
    lookMs: LOOK_MS,
    onProblem: (error: Error) =>
      log.error(`the certificates of the mesh cannot be renewed, the last good ones stay: ${error.message}`),
    onRenewed: (what: string) => log.info(what),
  };
  if (folder !== undefined) return GivenCertificates.open({ ...told, folder });
  if (cert === undefined || key === undefined) return undefined;
  // What certificates are made with is large, and only this needs it.
  const { IssuedCertificates } = await import('../security/issued-certificates.ts');
  return IssuedCertificates.open({
    ...told,
    ...{ cert, key, lifetimeMs: meshCertificateLifetime, settleMs: SETTLE_MS },
  });
}
