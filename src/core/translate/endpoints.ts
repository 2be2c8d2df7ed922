import type { MessageInitShape } from '@bufbuild/protobuf';
import { HealthStatus } from '../../gen/envoy/config/core/v3/core_pb.js';
import {
  ClusterLoadAssignmentSchema,
  type LbEndpointSchema,
  type LocalityLbEndpointsSchema,
} from '../../gen/envoy/config/endpoint/v3/endpoint_pb.js';
import type { EndpointIr, VersionIr } from '../ir/ir.ts';
import { type NamedResource, resource } from './resource.ts';

const HEALTH: Readonly<Record<EndpointIr['health'], HealthStatus>> = {
  healthy: HealthStatus.HEALTHY,
  degraded: HealthStatus.DEGRADED,
  draining: HealthStatus.DRAINING,
};

/** The endpoints of one version: a locality for each zone of each priority, in order of first appearance. */
export function endpointAssignment(version: VersionIr, clusterName: string = version.cluster): NamedResource {
  return resource(ClusterLoadAssignmentSchema, clusterName, {
    clusterName,
    endpoints: byPriority(version.endpoints).flatMap((tier, priority) =>
      [...Map.groupBy(tier, ({ zone }) => zone)].map(([zone, members]) => locality(zone, priority, members)),
    ),
  });
}

/** Priorities are given anew from 0 without gaps: gRPC's own clients refuse a gap, and only the order matters. */
function byPriority(endpoints: readonly EndpointIr[]): readonly (readonly EndpointIr[])[] {
  return [...Map.groupBy(endpoints, ({ priority }) => priority)]
    .sort(([a], [b]) => a - b)
    .map(([, tier]) => tier);
}

function locality(
  zone: string,
  priority: number,
  endpoints: readonly EndpointIr[],
): MessageInitShape<typeof LocalityLbEndpointsSchema> {
  return {
    locality: { zone },
    priority,
    // gRPC's own clients skip a locality without a weight; Envoy reads it for none of the policies in use.
    loadBalancingWeight: endpoints.reduce((sum, { weight }) => sum + weight, 0),
    lbEndpoints: endpoints.map(lbEndpoint),
  };
}

function lbEndpoint(endpoint: EndpointIr): MessageInitShape<typeof LbEndpointSchema> {
  return {
    hostIdentifier: {
      case: 'endpoint',
      value: {
        address: {
          address: {
            case: 'socketAddress',
            value: { address: endpoint.address, portSpecifier: { case: 'portValue', value: endpoint.port } },
          },
        },
      },
    },
    healthStatus: HEALTH[endpoint.health],
    loadBalancingWeight: endpoint.weight,
  };
}
