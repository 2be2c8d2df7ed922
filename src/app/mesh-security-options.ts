import type { ServeOptions } from './serve-options.ts';

export type MeshOptions = Pick<
  ServeOptions,
  'meshCaCert' | 'meshCaKey' | 'meshCertificates' | 'meshCertificateLifetime' | 'xdsClientCa'
>;

/** Why these options cannot stand together; undefined: they can. */
export function meshSecurityMistake(options: MeshOptions): string | undefined {
  const { meshCaCert, meshCaKey, meshCertificates, xdsClientCa } = options;
  if ((meshCaCert === undefined) !== (meshCaKey === undefined))
    return 'give --mesh-ca-cert and --mesh-ca-key together';
  if (meshCaCert !== undefined && meshCertificates !== undefined)
    return '--mesh-ca-cert and --mesh-certificates exclude each other: issue them, or give them';
  if (meshCaCert === undefined && meshCertificates === undefined) return undefined;
  return xdsClientCa === undefined
    ? 'certificates are given to who proves an identity: give --xds-client-ca too'
    : undefined;
}
