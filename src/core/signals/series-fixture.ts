import { type ModelService, modelServiceSchema } from '../api/model-service.ts';
import type { Labels, Series } from './samples.ts';
import { SERIES_FAMILIES } from './service-series.ts';
import { EMPTY_TALLY, tallyAnswer } from './tally.ts';
import { readVersions } from './versions.ts';

/** The time of the newest scrapes. */
export const NOW = 1_000_000;

/** A service of two versions, whose model server calls them 1 and 2. */
export function serviceOf(protocol: 'grpc' | 'http' = 'grpc'): ModelService {
  const at = (port: number) => ({ static: [{ address: '10.0.0.1', port }] });
  return modelServiceSchema.parse({
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelService',
    metadata: { name: 'fraud' },
    spec: {
      port: 9000,
      protocol,
      model: 'digits',
      versions: [
        { name: 'v1', modelVersion: '1', endpoints: at(1) },
        { name: 'v2', modelVersion: '2', endpoints: at(2) },
      ],
    },
  });
}

/** Scrapes of a counter every 5 s; the last one is at NOW unless it is older. */
export function counter(name: string, labels: Labels, values: readonly number[], lastAt = NOW): Series {
  const samples = values.map((value, i) => ({ at: lastAt - (values.length - 1 - i) * 5000, value }));
  return { labels: { __name__: name, instance: 'sidecar:1', ...labels }, samples };
}

export const outbound = (version: string) => ({ envoy_cluster_name: `default/fraud/${version}` });
export const inbound = (version: string) => ({ envoy_cluster_name: `inbound/default/fraud/${version}` });
export const total = (labels: Labels, values: readonly number[], lastAt?: number) =>
  counter('envoy_cluster_upstream_rq_total', labels, values, lastAt);
export const grpc = (status: number, labels: Labels, values: readonly number[], lastAt?: number) => {
  const method = {
    envoy_grpc_bridge_service: 'inference_GRPCInferenceService',
    envoy_grpc_bridge_method: 'ModelInfer',
  };
  return counter(`envoy_cluster_grpc_${status}`, { ...labels, ...method }, values, lastAt);
};
export const bucket = (name: string, le: string, labels: Labels, values: readonly number[]) =>
  counter(`${name}_bucket`, { ...labels, le }, values);

/**
 * What is read of v1 and v2 at NOW when the first look had all but the scrapes at NOW.
 * Each series is offered to every query; only those that are its own are of use to it.
 */
export function read(found: readonly Series[], service = serviceOf(), problem?: string) {
  const firsts = found.map(({ labels, samples }) => ({
    labels,
    samples: samples.filter(({ at }) => at < NOW),
  }));
  const tallies = SERIES_FAMILIES.map((family) => {
    const own = (series: readonly Series[]) =>
      series.filter(({ labels }) => isOf(family.id, labels.__name__ ?? ''));
    const looked = tallyAnswer(EMPTY_TALLY, family, service, own(firsts), NOW - 60_000);
    return { family, tally: tallyAnswer(looked, family, service, own(found), NOW) };
  });
  const versions = readVersions(service, tallies, { offsetMs: 0, problem }, NOW);
  return { v1: versions.get('v1'), v2: versions.get('v2'), tallies };
}

function isOf(id: string, name: string): boolean {
  if (id === 'envoy-requests') return /^envoy_cluster_(upstream_rq_(total|xx)|grpc_\d+)$/.test(name);
  if (id === 'envoy-latency') return /^envoy_cluster_upstream_rq_t(otal|ime)/.test(name);
  if (id === 'server-requests') return name === 'model_requests_total';
  if (id === 'server-latency') return name.startsWith('model_request_duration_seconds');
  return name === 'model_score_bucket' || name === 'model_in_flight';
}
