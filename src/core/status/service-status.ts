import type { ModelRollout } from '../api/model-rollout.ts';
import type { ModelService } from '../api/model-service.ts';
import type { VersionDemand } from '../decide/demand-state.ts';
import type { ServiceOutcome } from '../decide/service-look.ts';
import type { EndpointIr, ServiceIr } from '../ir/ir.ts';
import type { EndpointStatus, ServiceStatus, VersionStatus } from './status.ts';
import type { EndpointTraffic, Traffic } from './traffic-window.ts';

/** A service for people: what is configured, and what its versions do now. */
export function serviceStatus(
  service: ModelService,
  ir: ServiceIr | undefined,
  outcome: ServiceOutcome | undefined,
  rollout: ModelRollout | undefined,
  traffic: ReadonlyMap<string, Traffic>,
  spec: string,
): ServiceStatus {
  const { namespace, name } = service.metadata;
  const weights = new Map(ir?.routing.weights.map((each) => [each.version, each.weight]));
  return {
    namespace,
    name,
    hosts: service.spec.hosts,
    port: service.spec.port,
    versions: (ir?.versions ?? []).map((version): VersionStatus => {
      const now = traffic.get(version.name);
      const factors = outcome?.balance.get(version.name)?.factors;
      return {
        name: version.name,
        weight: weights.get(version.name) ?? 0,
        requestsPerSecond: now?.requestsPerSecond,
        errorPercent: now?.errorPercent,
        latencyMs: now?.latencyMs,
        endpoints: version.endpoints.map((each) => {
          const address = `${each.address}:${each.port}`;
          return endpointStatus(each, address, factors?.get(address) ?? 1, now?.endpoints.get(address));
        }),
        demand: demandStatus(outcome?.demand.versions.get(version.name)),
      };
    }),
    rollout: rollout?.metadata.name,
    breaker: outcome?.breaker?.state.phase,
    spec,
  };
}

function demandStatus(demand: VersionDemand | undefined): VersionStatus['demand'] {
  if (demand === undefined) return undefined;
  const { replicas, offered, message, sick } = demand;
  return { replicas, offeredPerSecond: offered, message, sick };
}

function endpointStatus(
  endpoint: EndpointIr,
  address: string,
  factor: number,
  traffic: EndpointTraffic | undefined,
): EndpointStatus {
  const standing = endpoint.priority > 0 ? 'backup' : 'serving';
  return {
    address,
    weight: endpoint.weight,
    state: factor < 1 ? 'derated' : standing,
    requestsPerSecond: traffic?.requestsPerSecond,
    errorPercent: traffic?.errorPercent,
    inFlight: traffic?.inFlight,
  };
}
