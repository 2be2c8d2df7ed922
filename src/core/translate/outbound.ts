import type { MessageInitShape } from '@bufbuild/protobuf';
import { TrafficDirection } from '../../gen/envoy/config/core/v3/core_pb.js';
import { ListenerSchema } from '../../gen/envoy/config/listener/v3/listener_pb.js';
import {
  HttpConnectionManagerSchema,
  type ScopedRoutesSchema,
} from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { NodeDescriptor } from '../ir/node.ts';
import { accessLogs } from './access-log.ts';
import { observer } from './fallback-cache.ts';
import { grpcStats, router } from './http-filters.ts';
import { outboundReplies } from './local-replies.ts';
import { outboundListenerName } from './names.ts';
import { type NamedResource, resource, typedConfig } from './resource.ts';
import { tracing } from './tracing.ts';
import { fromAds } from './value.ts';

/** The one listener of a client's sidecar. It depends on no service: those come and go by scopes. */
export function outboundListener(node: NodeDescriptor & { kind: 'outbound' }): NamedResource {
  const name = outboundListenerName(node);
  const manager = typedConfig(HttpConnectionManagerSchema, {
    statPrefix: 'outbound',
    routeSpecifier: { case: 'scopedRoutes', value: scopedRoutes },
    httpFilters: [observer, grpcStats, router],
    useRemoteAddress: true,
    preserveExternalRequestId: true,
    localReplyConfig: outboundReplies,
    accessLog: accessLogs(node.accessLog),
    ...tracing(node.traced, 'callers'),
  });
  return resource(ListenerSchema, name, {
    name,
    statPrefix: 'outbound',
    trafficDirection: TrafficDirection.OUTBOUND,
    address: {
      address: {
        case: 'socketAddress',
        value: { address: node.address, portSpecifier: { case: 'portValue', value: node.port } },
      },
    },
    filterChains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            configType: { case: 'typedConfig', value: manager },
          },
        ],
      },
    ],
  });
}

/** The whole authority is the key: a service has one scope for each way to write its name. */
const scopedRoutes: MessageInitShape<typeof ScopedRoutesSchema> = {
  name: 'services',
  scopeKeyBuilder: {
    fragments: [
      {
        type: {
          case: 'headerValueExtractor',
          // Nothing separates elements, so the first element is all of it.
          value: { name: ':authority', elementSeparator: '', extractType: { case: 'index', value: 0 } },
        },
      },
    ],
  },
  rdsConfigSource: fromAds(),
  configSpecifier: { case: 'scopedRds', value: { scopedRdsConfigSource: fromAds() } },
};
