import type { Logger } from 'pino';
import type { AdminServer } from '../admin/serve.ts';
import { type Credentials, isSameCredentials, readCredentials } from '../security/credential-files.ts';
import { followFiles } from '../security/follow-files.ts';
import type { ServeOptions } from './serve-options.ts';

/** Certificates that were replaced are in force after this long at most, ms. */
const LOOK_MS = 1_000;

/**
 * The certificate of the HTTP API, and how it is followed; undefined where it is served in plaintext.
 * @throws where the files cannot be used; the message names them
 */
export async function openAdminCertificate({
  adminTlsCert: cert,
  adminTlsKey: key,
}: Pick<ServeOptions, 'adminTlsCert' | 'adminTlsKey'>): Promise<
  | {
      readonly credentials: Credentials;
      follow(admin: Pick<AdminServer, 'rotate'>, log: Logger): { close(): Promise<void> };
    }
  | undefined
> {
  if (cert === undefined || key === undefined) return undefined;
  const credentials = await readCredentials({ cert, key });
  return {
    credentials,
    follow: (admin, log) =>
      followFiles(credentials, {
        intervalMs: LOOK_MS,
        read: () => readCredentials({ cert, key }),
        isSame: isSameCredentials,
        apply: (next) => {
          admin.rotate(next);
          log.info({ cert }, 'the certificate of the HTTP API was replaced; new connections use it');
        },
        onProblem: (error) =>
          log.error(`the replaced certificate of the HTTP API cannot be used: ${error.message}`),
      }),
  };
}
