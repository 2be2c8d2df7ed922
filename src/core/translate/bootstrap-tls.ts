/** Files as the sidecar sees them, PEM. */
export interface SidecarTls {
  /** Authorities that the control plane's certificate comes from. */
  readonly ca: string;
  /** The sidecar's own certificate and key; undefined where the control plane asks for none. */
  readonly own: { readonly cert: string; readonly key: string } | undefined;
  /** What the control plane's certificate must name: a DNS name, an IP address, or a SPIFFE ID. */
  readonly serverName: string;
  /** A folder with what {@link sidecarSecrets} gives; undefined: the certificates are read once, at the start. */
  readonly secretsFolder: string | undefined;
}

const OWN = 'penstock_sidecar';
const AUTHORITIES = 'penstock_authorities';
const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';

type Json = Readonly<Record<string, unknown>>;

/** The transport socket of the cluster that leads to the control plane. */
export function xdsTransportSocket(tls: SidecarTls): Json {
  const common =
    tls.secretsFolder === undefined
      ? {
          ...(tls.own && { tls_certificates: [certificate(tls.own)] }),
          validation_context: authorities(tls),
        }
      : {
          ...(tls.own && { tls_certificate_sds_secret_configs: [secretConfig(OWN, tls.secretsFolder)] }),
          validation_context_sds_secret_config: secretConfig(AUTHORITIES, tls.secretsFolder),
        };
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${TLS}.UpstreamTlsContext`,
      ...(sanType(tls.serverName) === 'DNS' && { sni: tls.serverName }),
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
        alpn_protocols: ['h2'],
        ...common,
      },
    },
  };
}

/**
 * Files of secrets by their names, one each as Envoy wants it. They name the files of the certificates, and Envoy
 * reads those again when something in their folders is replaced by a rename.
 */
export function sidecarSecrets(tls: SidecarTls): ReadonlyMap<string, Json> {
  const secret = (name: string, value: Json): readonly [string, Json] => [
    `${name}.json`,
    { resources: [{ '@type': `${TLS}.Secret`, name, ...value }] },
  ];
  const watched = (path: string): Json => ({ watched_directory: { path: folderOf(path) } });
  return new Map([
    ...(tls.own
      ? [secret(OWN, { tls_certificate: { ...certificate(tls.own), ...watched(tls.own.cert) } })]
      : []),
    secret(AUTHORITIES, { validation_context: { ...authorities(tls), ...watched(tls.ca) } }),
  ]);
}

function secretConfig(name: string, folder: string): Json {
  const path = `${folder}/${name}.json`;
  return { name, sds_config: { path_config_source: { path }, resource_api_version: 'V3' } };
}

function certificate({ cert, key }: NonNullable<SidecarTls['own']>): Json {
  return { certificate_chain: { filename: cert }, private_key: { filename: key } };
}

function authorities({ ca, serverName }: SidecarTls): Json {
  return {
    trusted_ca: { filename: ca },
    match_typed_subject_alt_names: [{ san_type: sanType(serverName), matcher: { exact: serverName } }],
  };
}

function sanType(name: string): string {
  if (name.includes('://')) return 'URI';
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || name.includes(':') ? 'IP_ADDRESS' : 'DNS';
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}
