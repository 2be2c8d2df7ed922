import { isLoopbackAddress } from '../core/security/loopback.ts';
import type { ServeOptions } from './serve-options.ts';

type AdminSecurityOptions = Pick<
  ServeOptions,
  'adminAddress' | 'adminAuth' | 'adminAllowAnonymous' | 'adminTlsCert' | 'adminTlsKey'
>;

/** Why these options cannot stand together; undefined: they can. */
export function adminSecurityMistake({
  adminAddress,
  adminAuth,
  adminAllowAnonymous,
  adminTlsCert,
  adminTlsKey,
}: AdminSecurityOptions): string | undefined {
  if ((adminTlsCert === undefined) !== (adminTlsKey === undefined))
    return 'give --admin-tls-cert and --admin-tls-key together';
  if (adminAuth !== undefined)
    return adminAllowAnonymous ? '--admin-auth and --admin-allow-anonymous exclude each other' : undefined;
  if (isLoopbackAddress(adminAddress) || adminAllowAnonymous) return undefined;
  return (
    `--admin-address ${adminAddress} is not loopback: anybody who reaches it could promote and abort. ` +
    'Say who may with --admin-auth, or accept that with --admin-allow-anonymous'
  );
}

/** What is allowed and yet worth saying at the start. */
export function adminSecurityWarnings(options: AdminSecurityOptions): readonly string[] {
  const { adminAddress, adminAllowAnonymous, adminTlsCert } = options;
  if (isLoopbackAddress(adminAddress)) return [];
  if (adminAllowAnonymous)
    return [`everybody who reaches ${adminAddress} may do everything; say who may with --admin-auth`];
  if (adminTlsCert === undefined)
    return [`tokens come to ${adminAddress} in plaintext; give --admin-tls-cert, or serve TLS before it`];
  return [];
}
