import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type CircuitBreakersSchema,
  Cluster_DiscoveryType,
  ClusterSchema,
} from '../../gen/envoy/config/cluster/v3/cluster_pb.js';
import { RoutingPriority } from '../../gen/envoy/config/core/v3/core_pb.js';
import { HttpProtocolOptionsSchema } from '../../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import type { ServiceIr, VersionIr } from '../ir/ir.ts';
import { loadBalancingPolicy } from './balancing.ts';
import { healthCheck } from './health-check.ts';
import { callerSocket } from './mesh-tls.ts';
import { METADATA_NAMESPACE } from './names.ts';
import { outlierDetection } from './outlier-detection.ts';
import { type NamedResource, resource, typedConfig } from './resource.ts';
import { durationOf, fromAds } from './value.ts';

/**
 * A changed cluster waits this long for its endpoints while its predecessor goes on serving. The server sends
 * them with it; Envoy's own 15 s would hold a change back that long if they were ever lost.
 */
const ENDPOINTS_TIMEOUT_MS = 1000;

/** No bound in practice: Envoy's 1024 would refuse a busy sidecar's calls for no reason of ours. */
const UNBOUNDED = 1_000_000;

/** Below this share of healthy endpoints (percent) all are tried: only when there is none to choose. */
const PANIC_PERCENT = 1;

/** Envoy's key for the options of its HTTP clients. */
export const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** What the model servers tell with their answers (ORCA) and load reports pass on. */
const REPORTED_METRICS = ['named_metrics.*', 'cpu_utilization', 'mem_utilization', 'application_utilization'];

/** The cluster of one version as its callers see it. Changes rarely: a changed cluster forgets its ejections. */
export function versionCluster(
  service: ServiceIr,
  version: VersionIr,
  name: string = version.cluster,
): NamedResource {
  return resource(ClusterSchema, name, {
    name,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: fromAds(ENDPOINTS_TIMEOUT_MS) },
    connectTimeout: durationOf(version.connectTimeoutMs),
    metadata: versionMetadata(service.id, version.name),
    typedExtensionProtocolOptions: {
      [HTTP_OPTIONS]: typedConfig(HttpProtocolOptionsSchema, upstream(version)),
    },
    loadBalancingPolicy: loadBalancingPolicy(version.balancing),
    commonLbConfig: {
      healthyPanicThreshold: { value: PANIC_PERCENT },
      // Envoy holds weight changes back for 1 s by default, and lets an ejection leak meanwhile.
      updateMergeWindow: durationOf(0),
      ignoreNewHostsUntilFirstHc: version.healthCheck !== undefined,
    },
    circuitBreakers: thresholds(version),
    // An endpoint that discovery took away is gone, whatever its last health check said.
    ignoreHealthOnHostRemoval: true,
    lrsReportEndpointMetrics: REPORTED_METRICS,
    // For gRPC's own clients; Envoy reports to the server that its bootstrap names.
    lrsServer: { configSourceSpecifier: { case: 'self', value: {} } },
    ...(service.mtls && { transportSocket: callerSocket(service, service.mtls.identities) }),
    ...(version.outlierDetection === undefined
      ? {}
      : { outlierDetection: outlierDetection(version.outlierDetection) }),
    ...(version.healthCheck === undefined
      ? {}
      : { healthChecks: [healthCheck(version.healthCheck, version.protocol)] }),
  });
}

/** How access logs, traces and load reports tell which version a request went to. */
export function versionMetadata(service: string, version: string) {
  return { filterMetadata: { [METADATA_NAMESPACE]: { service, version } } };
}

function upstream({ protocol }: VersionIr): MessageInitShape<typeof HttpProtocolOptionsSchema> {
  return {
    upstreamProtocolOptions: {
      case: 'explicitHttpConfig',
      value: {
        protocolConfig:
          protocol === 'grpc'
            ? { case: 'http2ProtocolOptions', value: {} }
            : { case: 'httpProtocolOptions', value: {} },
      },
    },
  };
}

/** Bounds of one sidecar towards one version; retries by budget, since a fixed number starves at high load. */
export function thresholds({
  maxRequests,
  retryBudgetPercent,
}: Pick<VersionIr, 'maxRequests' | 'retryBudgetPercent'>): MessageInitShape<typeof CircuitBreakersSchema> {
  return {
    thresholds: [
      {
        priority: RoutingPriority.DEFAULT,
        maxConnections: UNBOUNDED,
        maxPendingRequests: maxRequests ?? UNBOUNDED,
        maxRequests: maxRequests ?? UNBOUNDED,
        retryBudget: { budgetPercent: { value: retryBudgetPercent }, budgetInterval: durationOf(1000) },
      },
    ],
  };
}
