import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistry, type DescMessage, fromJson, type JsonValue } from '@bufbuild/protobuf';
import type { Resource } from '../../src/core/delta/resource.ts';
import { ClusterSchema } from '../../src/gen/envoy/config/cluster/v3/cluster_pb.js';
import { TypedExtensionConfigSchema } from '../../src/gen/envoy/config/core/v3/core_pb.js';
import { ClusterLoadAssignmentSchema } from '../../src/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../src/gen/envoy/config/listener/v3/listener_pb.js';
import {
  RouteConfigurationSchema,
  ScopedRouteConfigurationSchema,
} from '../../src/gen/envoy/config/route/v3/route_pb.js';
import { HeaderMutationSchema } from '../../src/gen/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb.js';
import { RouterSchema } from '../../src/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import { HttpConnectionManagerSchema } from '../../src/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { TcpProxySchema } from '../../src/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import {
  DownstreamTlsContextSchema,
  SecretSchema,
} from '../../src/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { RuntimeSchema } from '../../src/gen/envoy/service/runtime/v3/rtds_pb.js';
import { encodeResource } from '../../src/xds/codec.ts';

const registry = createRegistry(
  ...[HttpConnectionManagerSchema, TcpProxySchema, RouterSchema, HeaderMutationSchema],
  DownstreamTlsContextSchema,
);

function resource(schema: DescMessage, json: unknown): Resource {
  return encodeResource(schema, fromJson(schema, json as JsonValue, { registry }));
}

const typed = (schema: DescMessage, fields: object) => ({
  '@type': `type.googleapis.com/${schema.typeName}`,
  ...fields,
});

/** A key and a certificate of itself, in PEM. */
function certificate(): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', [...request, '-subj', '/CN=localhost', '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  const pem = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  return pem;
}

const SERVER = certificate();
export const RUNTIME_LAYER = 'runtime-0';
export const LISTENERS = ['http-0', 'http-1', 'scoped-0', 'tcp-0', 'tls-0'] as const;

/**
 * What go-control-plane's integration test serves (`pkg/test/resource/v3`): clusters with endpoints, HTTP listeners
 * with routes, scoped ones, TCP ones, one with TLS by a secret, an extension and a runtime layer. Each version's
 * clusters have names of their own.
 */
export function snapshot(
  version: string,
  upstreamPort: number,
  source: object,
  connectTimeout = '1s',
): Resource[] {
  const clusters = [0, 1, 2, 3].map((i) => `cluster-${version}-${i}`);
  return [
    ...clusters.flatMap((name) => [cluster(name, source, connectTimeout), endpoints(name, upstreamPort)]),
    ...['http-0', 'http-1', 'scoped-0', 'tls-0'].map((name, i) =>
      routes(`route-${name}`, clusters[i % 4] ?? ''),
    ),
    ...['http-0', 'http-1'].map((name) => listener(name, http(source, rds(source, `route-${name}`)))),
    listener('scoped-0', http(source, scoped(source))),
    resource(ScopedRouteConfigurationSchema, {
      name: 'scope-0',
      route_configuration_name: 'route-scoped-0',
      key: { fragments: [{ string_key: 'one' }] },
    }),
    listener('tcp-0', {
      name: 'tcp',
      typed_config: typed(TcpProxySchema, { stat_prefix: 'tcp', cluster: clusters[3] }),
    }),
    listener('tls-0', http(source, rds(source, 'route-tls-0')), source),
    resource(SecretSchema, {
      name: 'server-cert',
      tls_certificate: {
        certificate_chain: { inline_string: SERVER.cert },
        private_key: { inline_string: SERVER.key },
      },
    }),
    resource(TypedExtensionConfigSchema, {
      name: 'extension-0',
      typed_config: typed(HeaderMutationSchema, {
        mutations: { response_mutations: [{ append: { header: { key: 'x-version', value: version } } }] },
      }),
    }),
    resource(RuntimeSchema, { name: RUNTIME_LAYER, layer: { 'test.version': version } }),
  ];
}

function cluster(name: string, source: object, connectTimeout: string): Resource {
  return resource(ClusterSchema, {
    ...{ name, type: 'EDS', connect_timeout: connectTimeout },
    eds_cluster_config: { eds_config: source },
  });
}

const loopback = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

function endpoints(cluster_name: string, port: number): Resource {
  const lb_endpoints = [{ endpoint: { address: loopback(port) } }];
  return resource(ClusterLoadAssignmentSchema, { cluster_name, endpoints: [{ lb_endpoints }] });
}

function routes(name: string, clusterName: string): Resource {
  const all = [{ match: { prefix: '/' }, route: { cluster: clusterName } }];
  return resource(RouteConfigurationSchema, {
    name,
    virtual_hosts: [{ name: 'all', domains: ['*'], routes: all }],
  });
}

const rds = (config_source: object, route_config_name: string) => ({
  rds: { config_source, route_config_name },
});

const scoped = (source: object) => ({
  scoped_routes: {
    name: 'scopes',
    scope_key_builder: { fragments: [{ header_value_extractor: { name: 'x-scope', index: 0 } }] },
    rds_config_source: source,
    scoped_rds: { scoped_rds_config_source: source },
  },
});

function http(config_source: object, routing: object) {
  const extension = {
    name: 'extension-0',
    config_discovery: {
      config_source,
      type_urls: [`type.googleapis.com/${HeaderMutationSchema.typeName}`],
    },
  };
  const router = { name: 'router', typed_config: typed(RouterSchema, {}) };
  const fields = { stat_prefix: 'http', ...routing, http_filters: [extension, router] };
  return { name: 'http', typed_config: typed(HttpConnectionManagerSchema, fields) };
}

function listener(name: string, filter: object, secretSource?: object): Resource {
  const context = {
    common_tls_context: {
      tls_certificate_sds_secret_configs: [{ name: 'server-cert', sds_config: secretSource }],
    },
  };
  const transport_socket = { name: 'tls', typed_config: typed(DownstreamTlsContextSchema, context) };
  return resource(ListenerSchema, {
    name,
    address: loopback(0),
    filter_chains: [{ filters: [filter], ...(secretSource && { transport_socket }) }],
  });
}
