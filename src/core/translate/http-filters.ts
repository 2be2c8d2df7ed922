import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ConfigSourceSchema } from '../../gen/envoy/config/core/v3/core_pb.js';
import { FilterConfigSchema } from '../../gen/envoy/extensions/filters/http/grpc_stats/v3/grpc_stats_pb.js';
import { LocalRateLimitSchema } from '../../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_ratelimit_pb.js';
import { RouterSchema } from '../../gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import type { HttpFilterSchema } from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { unlimited } from './limit.ts';
import { typedConfig, typeUrlOf } from './resource.ts';
import { fromAds } from './value.ts';

type HttpFilterInit = MessageInitShape<typeof HttpFilterSchema>;

/** Counts gRPC calls by method and status: HTTP's own counters take a gRPC failure for a success. */
export const grpcStats: HttpFilterInit = {
  name: 'envoy.filters.http.grpc_stats',
  configType: {
    case: 'typedConfig',
    value: typedConfig(FilterConfigSchema, {
      perMethodStatSpecifier: { case: 'statsForAllMethods', value: { value: true } },
      enableUpstreamStats: true,
      replaceDotsInGrpcServiceName: true,
    }),
  },
};

/** Forwards; the last filter always. */
export const router: HttpFilterInit = {
  name: 'envoy.filters.http.router',
  configType: { case: 'typedConfig', value: typedConfig(RouterSchema, {}) },
};

/**
 * A place for a limit whose configuration comes by ECDS under `name` from `configSource`; none: nothing is limited. The listener does
 * not wait for it: told that there is none, Envoy would wait for ever.
 */
export function limitSlot(
  name: string,
  configSource: MessageInitShape<typeof ConfigSourceSchema> = fromAds(),
): HttpFilterInit {
  return {
    name,
    configType: {
      case: 'configDiscovery',
      value: {
        configSource,
        defaultConfig: typedConfig(LocalRateLimitSchema, unlimited),
        applyDefaultConfigWithoutWarming: true,
        typeUrls: [typeUrlOf(LocalRateLimitSchema)],
      },
    },
  };
}
