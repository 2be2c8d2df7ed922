import type { DescMethod, DescService } from '@bufbuild/protobuf';
import type { Protocol } from '../core/delta/answer.ts';
import { TYPE_URL, type TypeUrl } from '../core/delta/type-urls.ts';
import { ClusterDiscoveryService } from '../gen/envoy/service/cluster/v3/cds_pb.js';
import { AggregatedDiscoveryService } from '../gen/envoy/service/discovery/v3/discovery_pb.js';
import { EndpointDiscoveryService } from '../gen/envoy/service/endpoint/v3/eds_pb.js';
import { ExtensionConfigDiscoveryService } from '../gen/envoy/service/extension/v3/config_discovery_pb.js';
import { ListenerDiscoveryService } from '../gen/envoy/service/listener/v3/lds_pb.js';
import { LoadReportingService } from '../gen/envoy/service/load_stats/v3/lrs_pb.js';
import { MetricsService } from '../gen/envoy/service/metrics/v3/metrics_service_pb.js';
import { RouteDiscoveryService, ScopedRoutesDiscoveryService } from '../gen/envoy/service/route/v3/rds_pb.js';
import { RuntimeDiscoveryService } from '../gen/envoy/service/runtime/v3/rtds_pb.js';
import { SecretDiscoveryService } from '../gen/envoy/service/secret/v3/sds_pb.js';

/** What a method of a discovery service is. */
export type DiscoveryMethod =
  | {
      readonly kind: 'stream';
      readonly path: string;
      readonly protocol: Protocol;
      readonly typeUrl: TypeUrl | undefined;
    }
  | { readonly kind: 'fetch'; readonly path: string };

const SINGLE_TYPE: readonly (readonly [DescService, TypeUrl])[] = [
  [ClusterDiscoveryService, TYPE_URL.cds],
  [EndpointDiscoveryService, TYPE_URL.eds],
  [ListenerDiscoveryService, TYPE_URL.lds],
  [RouteDiscoveryService, TYPE_URL.rds],
  [ScopedRoutesDiscoveryService, TYPE_URL.srds],
  [SecretDiscoveryService, TYPE_URL.sds],
  [ExtensionConfigDiscoveryService, TYPE_URL.ecds],
  [RuntimeDiscoveryService, TYPE_URL.rtds],
];

/** Every method of every discovery service; `undefined` as type on the aggregated one. */
export function discoveryMethods(): DiscoveryMethod[] {
  const services: readonly (readonly [DescService, TypeUrl | undefined])[] = [
    [AggregatedDiscoveryService, undefined],
    ...SINGLE_TYPE,
  ];
  return services.flatMap(([service, typeUrl]) =>
    service.methods
      .filter((method) => method.input.name.endsWith('DiscoveryRequest'))
      .map((method) => discoveryMethod(service, method, typeUrl)),
  );
}

function discoveryMethod(
  service: DescService,
  method: DescMethod,
  typeUrl: TypeUrl | undefined,
): DiscoveryMethod {
  const path = pathOf(service, method);
  if (method.methodKind !== 'bidi_streaming') return { kind: 'fetch', path };
  return {
    kind: 'stream',
    path,
    protocol: method.input.name === 'DeltaDiscoveryRequest' ? 'delta' : 'sotw',
    typeUrl,
  };
}

/** The method on which sidecars report their load. */
export const LOAD_STATS = pathOf(LoadReportingService, LoadReportingService.method.streamLoadStats);

/** The method on which sidecars push their statistics. */
export const STREAM_METRICS = pathOf(MetricsService, MetricsService.method.streamMetrics);

function pathOf(service: DescService, method: DescMethod): string {
  return `/${service.typeName}/${method.name}`;
}
