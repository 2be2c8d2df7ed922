import type { BalancingIr, HashKeyIr, OutlierDetectionIr, ServiceIr } from '../../ir/ir.ts';
import { primaryHost } from './istio-names.ts';
import { destinationRuleObject, dottedName, type IstioObject } from './istio-object.ts';

/** By version: the labels of its pods. */
export type SubsetLabels = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** The DestinationRule that makes a cluster of each version, with what of the specs is static. */
export function destinationRule(service: ServiceIr, subsetLabels: SubsetLabels): IstioObject {
  const [namespace = ''] = service.id.split('/');
  return destinationRuleObject(service.id, namespace, `penstock.${dottedName(service.id)}`, {
    host: primaryHost(service),
    trafficPolicy: trafficPolicy(service),
    subsets: service.versions.map(({ name }) => ({ name, labels: subsetLabels.get(name) ?? {} })),
  });
}

/** All versions of a service have the same settings. */
function trafficPolicy({ versions: [version] }: ServiceIr): object {
  if (version === undefined) return {};
  return {
    connectionPool: { tcp: { connectTimeout: duration(version.connectTimeoutMs) } },
    loadBalancer: loadBalancer(version.balancing),
    ...(version.outlierDetection === undefined
      ? {}
      : { outlierDetection: outlierDetection(version.outlierDetection) }),
  };
}

function loadBalancer({ policy, affinity, slowStartMs }: BalancingIr): object {
  const warmup = slowStartMs === 0 ? {} : { warmup: { duration: duration(slowStartMs) } };
  const [key] = affinity;
  switch (policy) {
    case 'RoundRobin':
      return { simple: 'ROUND_ROBIN', ...warmup };
    case 'Random':
      return { simple: 'RANDOM' };
    case 'Maglev':
      return { consistentHash: { ...hashKey(key), maglev: {} } };
    case 'RingHash':
      return { consistentHash: { ...hashKey(key), ringHash: {} } };
    case 'LeastRequest':
    case 'Utilization':
      return { simple: 'LEAST_REQUEST', ...warmup };
  }
}

function hashKey(key: HashKeyIr | undefined): object {
  return key?.kind === 'header' ? { httpHeaderName: key.name } : { useSourceIp: true };
}

/** In Istio's words gateway errors and failed connections alone would count: 5xx is what Envoy makes of gRPC's failures too. */
function outlierDetection(given: OutlierDetectionIr): object {
  return {
    consecutive5xxErrors: given.consecutiveErrors,
    interval: duration(given.intervalMs),
    baseEjectionTime: duration(given.ejectionTimeMs),
    maxEjectionPercent: given.maxEjectionPercent,
  };
}

/** As the API writes durations: `1.5s`. */
function duration(ms: number): string {
  return `${ms / 1000}s`;
}
