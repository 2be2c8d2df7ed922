import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { Resource } from '../../src/core/delta/resource.ts';
import { Cluster_DiscoveryType, ClusterSchema } from '../../src/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ApiVersion, type ConfigSourceSchema } from '../../src/gen/envoy/config/core/v3/core_pb.js';
import { ClusterLoadAssignmentSchema } from '../../src/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../src/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../../src/gen/envoy/config/route/v3/route_pb.js';
import { RouterSchema } from '../../src/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import { HttpConnectionManagerSchema } from '../../src/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { encodeResource } from '../../src/xds/codec.ts';

const FROM_ADS: MessageInitShape<typeof ConfigSourceSchema> = {
  resourceApiVersion: ApiVersion.V3,
  configSourceSpecifier: { case: 'ads', value: {} },
};

/** A cluster whose endpoints come by EDS under its own name. */
export function cluster(name: string, connectTimeoutSeconds = 1, ttlMs?: number): Resource {
  return encodeResource(
    ClusterSchema,
    create(ClusterSchema, {
      name,
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
      edsClusterConfig: { edsConfig: FROM_ADS },
      connectTimeout: { seconds: BigInt(connectTimeoutSeconds) },
    }),
    ttlMs,
  );
}

export function endpoints(clusterName: string, port: number): Resource {
  const endpoint = { address: socketAddress(port) };
  const lbEndpoints = [{ hostIdentifier: { case: 'endpoint' as const, value: endpoint } }];
  return encodeResource(
    ClusterLoadAssignmentSchema,
    create(ClusterLoadAssignmentSchema, { clusterName, endpoints: [{ lbEndpoints }] }),
  );
}

/** A listener on a port of the system's choice that follows one route configuration. */
export function listener(name: string, routeConfigName: string): Resource {
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: name,
    routeSpecifier: { case: 'rds', value: { configSource: FROM_ADS, routeConfigName } },
    httpFilters: [
      {
        name: 'envoy.filters.http.router',
        configType: { case: 'typedConfig', value: anyPack(RouterSchema, create(RouterSchema)) },
      },
    ],
  });
  const typedConfig = anyPack(HttpConnectionManagerSchema, manager);
  const filters = [{ name: 'hcm', configType: { case: 'typedConfig' as const, value: typedConfig } }];
  return encodeResource(
    ListenerSchema,
    create(ListenerSchema, { name, address: socketAddress(0), filterChains: [{ filters }] }),
  );
}

/** All requests to these clusters by weight. */
export function routes(name: string, weights: Readonly<Record<string, number>>, domains = ['*']): Resource {
  const clusters = Object.entries(weights).map(([name, weight]) => ({ name, weight }));
  return encodeResource(
    RouteConfigurationSchema,
    create(RouteConfigurationSchema, {
      name,
      virtualHosts: [
        {
          name,
          domains,
          routes: [
            {
              match: { pathSpecifier: { case: 'prefix', value: '/' } },
              action: {
                case: 'route',
                value: { clusterSpecifier: { case: 'weightedClusters', value: { clusters } } },
              },
            },
          ],
        },
      ],
    }),
  );
}

function socketAddress(port: number) {
  return {
    address: {
      case: 'socketAddress' as const,
      value: { address: '127.0.0.1', portSpecifier: { case: 'portValue' as const, value: port } },
    },
  };
}
