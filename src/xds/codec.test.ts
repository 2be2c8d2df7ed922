import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { Cluster_DiscoveryType, ClusterSchema } from '../gen/envoy/config/cluster/v3/cluster_pb.js';
import { NodeSchema } from '../gen/envoy/config/core/v3/core_pb.js';
import { RouteConfigurationSchema } from '../gen/envoy/config/route/v3/route_pb.js';
import { encodeResource } from './codec.ts';

test('a route configuration knows every cluster that it leads to, once', () => {
  const to = (value: object) => ({ action: { case: 'route' as const, value } });
  const message = create(RouteConfigurationSchema, {
    name: 'r',
    virtualHosts: [
      {
        routes: [
          to({ clusterSpecifier: { case: 'cluster', value: 'a' } }),
          to({
            clusterSpecifier: {
              case: 'weightedClusters',
              value: { clusters: [{ name: 'a' }, { name: 'b' }] },
            },
            requestMirrorPolicies: [{ cluster: 'shadow' }],
          }),
          to({ clusterSpecifier: { case: 'clusterHeader', value: 'x-cluster' } }),
          { action: { case: 'directResponse', value: { status: 503 } } },
        ],
      },
    ],
  });
  expect(encodeResource(RouteConfigurationSchema, message).clusterNames).toEqual(['a', 'b', 'shadow']);
});

test.each([
  ['an EDS cluster with a service name has endpoints of that name', 'eds', 'EDS', 'eds'],
  ['an EDS cluster without has those of its own name', '', 'EDS', 'c'],
  ['a static cluster has none', '', 'STATIC', undefined],
] as const)('%s', (_, serviceName, type, endpointsName) => {
  const message = create(ClusterSchema, {
    name: 'c',
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType[type] },
    edsClusterConfig: { serviceName },
  });
  expect(encodeResource(ClusterSchema, message).endpointsName).toBe(endpointsName);
});

test.each([
  ['a message that is no resource', NodeSchema, create(NodeSchema), 'is not a resource that is served'],
  ['a resource without a name', ClusterSchema, create(ClusterSchema), 'has no name'],
] as const)('%s is refused', (_, schema, message, why) => {
  expect(() => encodeResource(schema as never, message as never)).toThrow(why);
});
