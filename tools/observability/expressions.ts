import { isFailedGrpcStatus } from '../../src/core/signals/failure.ts';

/** Which series of a service's clusters: of callers' sidecars alone, which see what never arrived. */
const OUTBOUND = '[^/]+/[^/]+/[^/]+';

/** Failures as Penstock counts them: docs/decisions/2026-11-21-what-a-failure-is.md. */
const FAILED_STATUSES = Array.from({ length: 17 }, (_, status) => status).filter(isFailedGrpcStatus);

/** Requests a second by `service` and `version`, as their callers see them. */
export function requestRate(window: string, service = '.+'): string {
  return byVersion(`rate(envoy_cluster_upstream_rq_total${ofClusters(service)}[${window}])`);
}

/** Failed ones of them; 0 where there are requests and no failure. */
export function failureRate(window: string, service = '.+'): string {
  // One series a status: each needs a label of its own, or they would collide once `rate` has dropped their names.
  const statuses = FAILED_STATUSES.map(
    (status) =>
      `label_replace(rate(envoy_cluster_grpc_${status}${ofClusters(service)}[${window}]), "status", "${status}", "", "")`,
  );
  const http = `rate(envoy_cluster_upstream_rq_xx${ofClusters(service, ',envoy_response_code_class="5"')}[${window}])`;
  const failures = byVersion(`(${[...statuses, http].join('\n  or ')})`);
  return `${failures}\nor 0 * ${requestRate(window, service)}`;
}

/** A quantile of the latency in ms by `service` and `version`, as their callers see it. */
export function latencyMs(quantile: number, window: string, service = '.+'): string {
  const rates = `rate(envoy_cluster_upstream_rq_time_bucket${ofClusters(service)}[${window}])`;
  return `histogram_quantile(${quantile}, ${byVersion(rates, 'le')})`;
}

/** Endpoints of a version that the sidecar which sees the most of them sees as healthy. */
export function healthyEndpoints(service = '.+'): string {
  return `max by (service, version) (${named(`envoy_cluster_membership_healthy${ofClusters(service)}`)})`;
}

function ofClusters(service: string, more = ''): string {
  return `{envoy_cluster_name=~"${service === '.+' ? OUTBOUND : `(${service})/[^/]+`}"${more}}`;
}

function byVersion(vector: string, more = ''): string {
  return `sum by (service, version${more === '' ? '' : `, ${more}`}) (${named(vector)})`;
}

/** `NAMESPACE/SERVICE/VERSION` in two labels, as in Penstock's own metrics. */
function named(vector: string): string {
  const part = (inner: string, label: string, pattern: string) =>
    `label_replace(${inner}, "${label}", "$1", "envoy_cluster_name", "${pattern}")`;
  return part(part(vector, 'service', '([^/]+/[^/]+)/[^/]+'), 'version', '[^/]+/[^/]+/([^/]+)');
}
