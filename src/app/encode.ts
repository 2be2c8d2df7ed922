import { fromBinary } from '@bufbuild/protobuf';
import { frameResource } from '../core/delta/frame-resource.ts';
import type { Resource } from '../core/delta/resource.ts';
import { TYPE_URL } from '../core/delta/type-urls.ts';
import type { NamedResource } from '../core/translate/resource.ts';
import { ClusterSchema } from '../gen/envoy/config/cluster/v3/cluster_pb.js';
import { RouteConfigurationSchema } from '../gen/envoy/config/route/v3/route_pb.js';
import { encodeResource } from '../xds/codec.ts';

/** A translated resource as the pool keeps it; of clusters the pool wants to know their endpoints, of routes their clusters. */
export function encodeForPool({ typeUrl, name, value }: NamedResource): Resource {
  if (typeUrl === TYPE_URL.cds) return encodeResource(ClusterSchema, fromBinary(ClusterSchema, value));
  if (typeUrl === TYPE_URL.rds)
    return encodeResource(RouteConfigurationSchema, fromBinary(RouteConfigurationSchema, value));
  return frameResource(typeUrl, name, value);
}
