import type { ModelService } from '../api/model-service.ts';
import { formatSpan, oneOf } from './promql.ts';
import { clusterOf, modelMatcher } from './service-series.ts';

/** The queries of a service's load at one vantage; each gives one series. */
export interface CapacityQueries {
  readonly vantage: string;
  readonly perSecond: string;
  readonly latencyMs: string;
}

const CLUSTER = 'envoy_cluster_name';

/** Where a service's load is measured, best first, and how, averaged over a window. */
export function capacityQueries(service: ModelService, windowMs: number): readonly CapacityQueries[] {
  const window = `[${formatSpan(windowMs)}]`;
  const envoy = (vantage: string, prefix: string): CapacityQueries => {
    const of = clusters(service, prefix);
    return {
      vantage,
      perSecond: `sum(rate(envoy_cluster_upstream_rq_total{${of}}${window}))`,
      latencyMs:
        `sum(rate(envoy_cluster_upstream_rq_time_sum{${of}}${window}))` +
        ` / sum(rate(envoy_cluster_upstream_rq_time_count{${of}}${window}))`,
    };
  };
  const model = modelMatcher(service);
  return [
    envoy("callers' sidecars", ''),
    envoy('sidecars in front of the model servers', 'inbound/'),
    {
      vantage: 'model servers',
      perSecond: `sum(rate(model_requests_total{${model}}${window}))`,
      latencyMs:
        `1000 * sum(rate(model_request_duration_seconds_sum{${model}}${window}))` +
        ` / sum(rate(model_request_duration_seconds_count{${model}}${window}))`,
    },
  ];
}

/** What the busiest instance worked on at a time, by its model server or by the sidecar in front of it. */
export function inFlightQueries(service: ModelService, windowMs: number): readonly string[] {
  const window = `[${formatSpan(windowMs)}]`;
  const busiest = (selector: string) => `max(sum by (instance) (avg_over_time(${selector}${window})))`;
  return [
    busiest(`model_in_flight{${modelMatcher(service)}}`),
    busiest(`envoy_cluster_upstream_rq_active{${clusters(service, 'inbound/')}}`),
  ];
}

function clusters(service: ModelService, prefix: string): string {
  return oneOf(
    CLUSTER,
    service.spec.versions.map(({ name }) => prefix + clusterOf(service, name)),
  );
}
