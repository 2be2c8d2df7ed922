import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { Resource } from '../../src/core/delta/resource.ts';
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from '../../src/gen/envoy/config/cluster/v3/cluster_pb.js';
import { type ConfigSourceSchema, HealthStatus } from '../../src/gen/envoy/config/core/v3/core_pb.js';
import { ClusterLoadAssignmentSchema } from '../../src/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../src/gen/envoy/config/listener/v3/listener_pb.js';
import {
  type RouteActionSchema,
  RouteConfigurationSchema,
} from '../../src/gen/envoy/config/route/v3/route_pb.js';
import { RouterSchema } from '../../src/gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import { HttpConnectionManagerSchema } from '../../src/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { encodeResource } from '../../src/xds/codec.ts';

/** The service whose route is changed and timed; the last of them all. */
export const CANARY = 'model-canary';
const FIRST_WEIGHT = 3_000_000;

export interface Size {
  readonly services: number;
  readonly endpoints: number;
}

/** What S services of E endpoints are to a sidecar: a cluster, its endpoints, a listener and a route each. */
export function syntheticServices({ services, endpoints }: Size): Resource[] {
  return Array.from({ length: services }, (_, i) => serviceName(i, services)).flatMap((name, i) => [
    cluster(name),
    assignment(name, i, endpoints),
    listener(name, i),
    name === CANARY
      ? canaryRoute(services, FIRST_WEIGHT)
      : route(name, { clusterSpecifier: { case: 'cluster', value: name } }),
  ]);
}

/** The canary's route with this weight on its first cluster. */
export function canaryRoute(services: number, weight: number): Resource {
  const clusters = [
    { name: serviceName(0, services), weight: { value: weight } },
    { name: serviceName(1, services), weight: { value: 10_000_000 } },
  ].map(({ name, weight }) => ({ name, weight: weight.value }));
  return route(CANARY, { clusterSpecifier: { case: 'weightedClusters', value: { clusters } } });
}

/** The canary's endpoints with this weight on the first. */
export function canaryEndpoints({ services, endpoints }: Size, weight: number): Resource {
  return assignment(CANARY, services - 1, endpoints, weight);
}

function serviceName(index: number, services: number): string {
  return index === services - 1 ? CANARY : `svc-${String(index).padStart(5, '0')}`;
}

const ADS: MessageInitShape<typeof ConfigSourceSchema> = {
  resourceApiVersion: 2,
  configSourceSpecifier: { case: 'ads', value: {} },
};

function cluster(name: string): Resource {
  return encodeResource(
    ClusterSchema,
    create(ClusterSchema, {
      name,
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
      edsClusterConfig: { edsConfig: ADS },
      connectTimeout: { seconds: 5n },
      lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
    }),
  );
}

function assignment(name: string, index: number, endpoints: number, firstWeight = 1): Resource {
  const lbEndpoints = Array.from({ length: endpoints }, (_, e) => ({
    hostIdentifier: {
      case: 'endpoint' as const,
      value: { address: socketAddress(`10.${Math.floor(index / 250)}.${index % 250}.${e + 1}`, 8080) },
    },
    healthStatus: HealthStatus.HEALTHY,
    loadBalancingWeight: e === 0 ? firstWeight : 1,
  }));
  const locality = { region: 'r1', zone: 'z1' };
  return encodeResource(
    ClusterLoadAssignmentSchema,
    create(ClusterLoadAssignmentSchema, {
      clusterName: name,
      endpoints: [{ locality, lbEndpoints, loadBalancingWeight: 1 }],
    }),
  );
}

function route(name: string, action: MessageInitShape<typeof RouteActionSchema>): Resource {
  return encodeResource(
    RouteConfigurationSchema,
    create(RouteConfigurationSchema, {
      name,
      virtualHosts: [
        {
          name,
          domains: [name, `${name}.default.svc.cluster.local`],
          routes: [
            {
              match: { pathSpecifier: { case: 'prefix', value: '/' } },
              action: { case: 'route', value: action },
            },
          ],
        },
      ],
    }),
  );
}

function listener(name: string, index: number): Resource {
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: name,
    routeSpecifier: { case: 'rds', value: { configSource: ADS, routeConfigName: name } },
    httpFilters: [
      {
        name: 'envoy.filters.http.router',
        configType: { case: 'typedConfig', value: anyPack(RouterSchema, create(RouterSchema)) },
      },
    ],
  });
  return encodeResource(
    ListenerSchema,
    create(ListenerSchema, {
      name,
      address: socketAddress('127.0.0.1', 20_000 + index),
      filterChains: [
        {
          filters: [
            {
              name: 'envoy.filters.network.http_connection_manager',
              configType: { case: 'typedConfig', value: anyPack(HttpConnectionManagerSchema, manager) },
            },
          ],
        },
      ],
    }),
  );
}

function socketAddress(address: string, port: number) {
  return {
    address: {
      case: 'socketAddress' as const,
      value: { address, portSpecifier: { case: 'portValue' as const, value: port } },
    },
  };
}
