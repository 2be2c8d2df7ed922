import type { ModelService } from '../api/model-service.ts';
import type { CounterRules } from './counter-book.ts';
import { istioClusterOf } from './istio-clusters.ts';
import { formatSpan, oneOf, quoteString } from './promql.ts';
import type { Labels } from './samples.ts';

/**
 * Where a version is seen, best first: by its callers' sidecars, by the sidecars in front of it, by the
 * model servers themselves. Only the first sees requests that never arrived.
 */
export const VANTAGES = ['outbound', 'inbound', 'server'] as const;
export type Vantage = (typeof VANTAGES)[number];

/** What a series speaks of. */
export interface Subject {
  readonly vantage: Vantage;
  /** The version's name in the service. */
  readonly version: string;
}

/** One query for a service and how its answer is read. */
export interface SeriesFamily {
  readonly id: 'envoy-requests' | 'envoy-latency' | 'server-requests' | 'server-latency' | 'server-scores';
  readonly measure: 'requests' | 'latencyMs' | 'scores';
  readonly rules: CounterRules;
  /** The query: raw samples of the last `windowMs`, with their own times. */
  readonly query: (service: ModelService, windowMs: number) => string;
  readonly subjectOf: (service: ModelService, labels: Labels) => Subject | undefined;
  /** How many of a histogram's units (of its `le` and sum) make one of ours: seconds are 1000 ms. */
  readonly scale: number;
}

const CLUSTER = 'envoy_cluster_name';

const histogramRules: CounterRules = {
  dimensions: new Set(['le', 'code']),
  leads: ({ le }) => le === '+Inf',
};

const envoyRequests: SeriesFamily = {
  id: 'envoy-requests',
  measure: 'requests',
  scale: 1,
  rules: {
    dimensions: new Set([
      'envoy_grpc_bridge_service',
      'envoy_grpc_bridge_method',
      'envoy_response_code_class',
    ]),
    leads: ({ __name__ }) => __name__ === 'envoy_cluster_upstream_rq_total',
  },
  query: (service, windowMs) => {
    const names =
      service.spec.protocol === 'grpc' ? 'upstream_rq_total|grpc_[0-9]+' : 'upstream_rq_(total|xx)';
    return `{__name__=~"envoy_cluster_(${names})",${clusterMatcher(service)}}[${formatSpan(windowMs)}]`;
  },
  subjectOf: clusterSubject,
};

const envoyLatency: SeriesFamily = {
  id: 'envoy-latency',
  measure: 'latencyMs',
  scale: 1,
  rules: histogramRules,
  // The histogram is born with the first request; the counter is there before and proves that it is new.
  query: (service, windowMs) => {
    return `{__name__=~"envoy_cluster_upstream_rq_(total|time_bucket|time_sum)",${clusterMatcher(service)}}[${formatSpan(windowMs)}]`;
  },
  subjectOf: clusterSubject,
};

const serverRequests: SeriesFamily = {
  id: 'server-requests',
  measure: 'requests',
  scale: 1,
  rules: {
    dimensions: new Set(['code']),
    // The model server counts OK from zero as soon as it has loaded the version.
    leads: ({ __name__, code }) => __name__ === 'model_requests_total' && code === 'OK',
  },
  query: (service, windowMs) => `model_requests_total{${modelMatcher(service)}}[${formatSpan(windowMs)}]`,
  subjectOf: modelSubject,
};

const serverLatency: SeriesFamily = {
  id: 'server-latency',
  measure: 'latencyMs',
  scale: 1000,
  rules: histogramRules,
  query: (service, windowMs) => {
    return `{__name__=~"model_request_duration_seconds_(bucket|sum)",${modelMatcher(service)}}[${formatSpan(windowMs)}]`;
  },
  subjectOf: modelSubject,
};

const serverScores: SeriesFamily = {
  id: 'server-scores',
  measure: 'scores',
  scale: 1,
  rules: histogramRules,
  // The gauge is there before the first score: it proves that the first ones counted from zero.
  query: (service, windowMs) => {
    return `{__name__=~"model_score_bucket|model_in_flight",${modelMatcher(service)}}[${formatSpan(windowMs)}]`;
  },
  subjectOf: modelSubject,
};

/** All queries that a service is observed by. */
export const SERIES_FAMILIES: readonly SeriesFamily[] = [
  envoyRequests,
  envoyLatency,
  serverRequests,
  serverLatency,
  serverScores,
];

/** `NAMESPACE/SERVICE/VERSION`, the name of a version's cluster in outbound sidecars. */
export function clusterOf(service: ModelService, version: string): string {
  return `${service.metadata.namespace}/${service.metadata.name}/${version}`;
}

/** The series of a version as `explain` names them. */
export function describeSeries(
  service: ModelService,
  measure: SeriesFamily['measure'],
  subject: Subject,
): string {
  if (subject.vantage === 'server') {
    const name = {
      requests: 'model_requests_total',
      latencyMs: 'model_request_duration_seconds',
      scores: 'model_score',
    }[measure];
    const modelVersion =
      service.spec.versions.find(({ name }) => name === subject.version)?.modelVersion ?? subject.version;
    return `${name}{model=${quoteString(service.spec.model)},version=${quoteString(modelVersion)}}`;
  }
  const counter = service.spec.protocol === 'grpc' ? 'envoy_cluster_grpc_*' : 'envoy_cluster_upstream_rq_xx';
  const name = measure === 'requests' ? counter : 'envoy_cluster_upstream_rq_time';
  const prefix = subject.vantage === 'inbound' ? 'inbound/' : '';
  return `${name}{${CLUSTER}=${quoteString(prefix + clusterOf(service, subject.version))}}`;
}

function clusterMatcher(service: ModelService): string {
  const clusters = service.spec.versions.map(({ name }) => clusterOf(service, name));
  const inbound = clusters.map((cluster) => `inbound/${cluster}`);
  const istio = service.spec.versions.map(({ name }) => istioClusterOf(service, name));
  return oneOf(CLUSTER, [...clusters, ...inbound, ...istio]);
}

function clusterSubject(service: ModelService, labels: Labels): Subject | undefined {
  const cluster = labels[CLUSTER] ?? '';
  const ofIstio = service.spec.versions.find((each) => istioClusterOf(service, each.name) === cluster);
  if (ofIstio !== undefined) return { vantage: 'outbound', version: ofIstio.name };
  const parts = cluster.split('/');
  const vantage = parts.length === 4 && parts[0] === 'inbound' ? 'inbound' : 'outbound';
  const [namespace, name, version] = vantage === 'inbound' ? parts.slice(1) : parts;
  if (namespace !== service.metadata.namespace || name !== service.metadata.name) return undefined;
  return service.spec.versions.some((known) => known.name === version) && version !== undefined
    ? { vantage, version }
    : undefined;
}

/** Where scrapes add the pod's namespace, another namespace's model of the same name is not ours. */
export function modelMatcher(service: ModelService): string {
  const versions = [...new Set(service.spec.versions.map(({ modelVersion }) => modelVersion))];
  const namespace = oneOf('namespace', ['', service.metadata.namespace]);
  return `model=${quoteString(service.spec.model)},${oneOf('version', versions)},${namespace}`;
}

/** Two versions that serve the same model version cannot be told apart by it; then it is neither's. */
function modelSubject(service: ModelService, labels: Labels): Subject | undefined {
  const [version, ...others] = service.spec.versions.filter(
    ({ modelVersion }) => modelVersion === labels.version,
  );
  return version && others.length === 0 ? { vantage: 'server', version: version.name } : undefined;
}
