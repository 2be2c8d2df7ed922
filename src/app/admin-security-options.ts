import { isLoopbackAddress } from '../core/security/loopback.ts';
import type { ServeOptions } from './serve-options.ts';

/** Why these options cannot stand together; undefined: they can. */
export function adminSecurityMistake({
  adminAddress,
  adminAuth,
  adminAllowAnonymous,
}: Pick<ServeOptions, 'adminAddress' | 'adminAuth' | 'adminAllowAnonymous'>): string | undefined {
  if (adminAuth !== undefined)
    return adminAllowAnonymous ? '--admin-auth and --admin-allow-anonymous exclude each other' : undefined;
  if (isLoopbackAddress(adminAddress) || adminAllowAnonymous) return undefined;
  return (
    `--admin-address ${adminAddress} is not loopback: anybody who reaches it could promote and abort. ` +
    'Say who may with --admin-auth, or accept that with --admin-allow-anonymous'
  );
}
