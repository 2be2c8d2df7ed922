import type { ModelService } from '../api/model-service.ts';
import type { SpecIndex } from '../decide/spec-index.ts';
import type { ServiceIr } from '../ir/ir.ts';
import type { DiscoveredEndpoint } from './assemble-endpoints.ts';
import type { FallbackCache } from './assemble-routing.ts';
import { assembleService } from './assemble-service.ts';
import { NO_DECISIONS, type ServiceDecisions } from './decisions.ts';

/**
 * All services as the sidecars are to be told of them.
 * @param decisions by service; a service without any is told its spec's static values
 */
export function assembleMesh(
  specs: SpecIndex,
  decisions: ReadonlyMap<string, ServiceDecisions>,
  endpointsOf: (service: ModelService) => ReadonlyMap<string, readonly DiscoveredEndpoint[]>,
  fallbackCache?: FallbackCache,
): ReadonlyMap<string, ServiceIr> {
  const assembled = [...specs.services].map(([id, service]) => {
    const inputs = {
      service,
      rollout: specs.rollouts.get(id),
      policy: specs.policies.get(id),
      decisions: decisions.get(id) ?? NO_DECISIONS,
      endpoints: endpointsOf(service),
      fallbackCache,
      clusterOf: (name: string) => mainCluster(specs, decisions, `${service.metadata.namespace}/${name}`),
    };
    return [id, assembleService(inputs)] as const;
  });
  return new Map(assembled);
}

/** The cluster of a service's version that has the most traffic now. */
function mainCluster(
  specs: SpecIndex,
  decisions: ReadonlyMap<string, ServiceDecisions>,
  id: string,
): string | undefined {
  const service = specs.services.get(id);
  if (service === undefined) return undefined;
  const most = decisions.get(id)?.weights?.toSorted((a, b) => b.weight - a.weight)[0];
  return `${id}/${most?.version ?? service.spec.defaultVersion}`;
}
