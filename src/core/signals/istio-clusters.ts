import type { ModelService } from '../api/model-service.ts';
import { istioCluster } from '../translate/istio/istio-names.ts';
import type { LoadReport } from './load-report.ts';

/** A version's cluster in Istio's sidecars: `outbound|PORT|VERSION|HOST`. */
export function istioClusterOf({ metadata, spec }: ModelService, version: string): string {
  return istioCluster({ id: `${metadata.namespace}/${metadata.name}`, ...spec }, version);
}

/** Our own name of each cluster that Istio's sidecars have of these services, by theirs. */
export function ownNames(
  services: readonly ModelService[],
  ownName: (service: ModelService, version: string) => string,
): ReadonlyMap<string, string> {
  return new Map(
    services.flatMap((service) =>
      service.spec.versions.map(({ name }) => [istioClusterOf(service, name), ownName(service, name)]),
    ),
  );
}

/** A report of one of Istio's sidecars with our own names of the clusters; any other as it is. */
export function underOwnNames(report: LoadReport, names: ReadonlyMap<string, string>): LoadReport {
  if (report.role !== 'istio') return report;
  const clusters = report.clusters.map((load) => ({
    ...load,
    cluster: names.get(load.cluster) ?? load.cluster,
  }));
  return { ...report, clusters };
}
