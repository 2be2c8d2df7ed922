import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ApiConfigSource_ApiType,
  ApiVersion,
  type TransportSocketSchema,
} from '../../gen/envoy/config/core/v3/core_pb.js';
import { TlsInspectorSchema } from '../../gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
import {
  type CertificateValidationContextSchema,
  type CommonTlsContextSchema,
  DownstreamTlsContextSchema,
  type SdsSecretConfigSchema,
  SecretSchema,
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
  UpstreamTlsContextSchema,
} from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import type { ServiceIr } from '../ir/ir.ts';
import { XDS_CLUSTER } from './names.ts';
import { type NamedResource, resource, typedConfig } from './resource.ts';

/** The secret that is the sidecar's own certificate and key: under one name another one for each identity. */
const OWN_SECRET = 'penstock/identity';
/** The secret that is the authorities of the mesh. */
const AUTHORITIES_SECRET = 'penstock/authorities';
const { TLSv1_3 } = TlsParameters_TlsProtocol;
const TLS_SOCKET = 'envoy.transport_sockets.tls';

/** PEM. */
export interface MeshCertificate {
  readonly cert: string;
  readonly key: string;
  /** Authorities that others' certificates may come from. */
  readonly authorities: string;
}

/** What one identity is given. */
export function secrets({ cert, key, authorities }: MeshCertificate): readonly NamedResource[] {
  const inline = (text: string) => ({ specifier: { case: 'inlineString', value: text } }) as const;
  return [
    resource(SecretSchema, OWN_SECRET, {
      name: OWN_SECRET,
      type: {
        case: 'tlsCertificate',
        value: { certificateChain: inline(cert), privateKey: inline(key) },
      },
    }),
    resource(SecretSchema, AUTHORITIES_SECRET, {
      name: AUTHORITIES_SECRET,
      type: { case: 'validationContext', value: { trustedCa: inline(authorities) } },
    }),
  ];
}

/** Calls to a service whose sidecars prove who they are. */
export function callerSocket(
  { hosts, protocol }: ServiceIr,
  identities: readonly string[],
): MessageInitShape<typeof TransportSocketSchema> {
  return socket(UpstreamTlsContextSchema, {
    ...(hosts[0] === undefined ? {} : { sni: hosts[0] }),
    commonTlsContext: commonContext(identities, protocol === 'grpc' ? ['h2'] : ['http/1.1']),
  });
}

/** Calls from sidecars that prove who they are. @param callers patterns; none: every identity of the mesh */
export function serverSocket(callers: readonly string[]): MessageInitShape<typeof TransportSocketSchema> {
  return socket(DownstreamTlsContextSchema, {
    requireClientCertificate: true,
    // A resumed session would go on with a certificate that authorities of the past verified.
    sessionTicketKeysType: { case: 'disableStatelessSessionResumption', value: true },
    disableStatefulSessionResumption: true,
    commonTlsContext: commonContext(callers, ['h2', 'http/1.1']),
  });
}

/** Tells TLS from plaintext, where a listener takes both. */
export const tlsInspector = {
  name: 'envoy.filters.listener.tls_inspector',
  configType: { case: 'typedConfig', value: typedConfig(TlsInspectorSchema, {}) },
} as const;

function commonContext(
  identities: readonly string[],
  alpnProtocols: readonly string[],
): MessageInitShape<typeof CommonTlsContextSchema> {
  return {
    alpnProtocols: [...alpnProtocols],
    // Of itself Envoy, as a client, goes no higher than 1.2.
    tlsParams: { tlsMinimumProtocolVersion: TLSv1_3, tlsMaximumProtocolVersion: TLSv1_3 },
    tlsCertificateSdsSecretConfigs: [secretConfig(OWN_SECRET)],
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: identityMatchers(identities),
        validationContextSdsSecretConfig: secretConfig(AUTHORITIES_SECRET),
      },
    },
  };
}

function identityMatchers(
  identities: readonly string[],
): MessageInitShape<typeof CertificateValidationContextSchema> {
  return {
    matchTypedSubjectAltNames: identities.map((pattern) => ({
      sanType: SubjectAltNameMatcher_SanType.URI,
      matcher: {
        matchPattern: pattern.includes('*')
          ? { case: 'safeRegex', value: { regex: regexOf(pattern) } }
          : { case: 'exact', value: pattern },
      },
    })),
  };
}

/** As `matchesIdentity` of the core reads a pattern. */
function regexOf(pattern: string): string {
  return pattern
    .replaceAll('.', '\\.')
    .replace(/\*\*$/, '.+')
    .replace(/(?<=\/)\*(?=\/|$)/g, '[^/]+');
}

/**
 * From a stream of its own, not the aggregated one: there a name means one resource for everybody. Equal sources
 * share that stream, however many clusters and listeners refer to it.
 */
function secretConfig(name: string): MessageInitShape<typeof SdsSecretConfigSchema> {
  return {
    name,
    sdsConfig: {
      resourceApiVersion: ApiVersion.V3,
      configSourceSpecifier: {
        case: 'apiConfigSource',
        value: {
          apiType: ApiConfigSource_ApiType.DELTA_GRPC,
          transportApiVersion: ApiVersion.V3,
          setNodeOnFirstMessageOnly: true,
          grpcServices: [{ targetSpecifier: { case: 'envoyGrpc', value: { clusterName: XDS_CLUSTER } } }],
        },
      },
    },
  };
}

function socket<Desc extends typeof UpstreamTlsContextSchema | typeof DownstreamTlsContextSchema>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): MessageInitShape<typeof TransportSocketSchema> {
  return { name: TLS_SOCKET, configType: { case: 'typedConfig', value: typedConfig(schema, init) } };
}
