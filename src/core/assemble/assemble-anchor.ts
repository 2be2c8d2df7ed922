import type { ModelRollout } from '../api/model-rollout.ts';
import type { ModelService, ServiceVersion } from '../api/model-service.ts';
import type { TrafficPolicy } from '../api/traffic-policy.ts';
import type { SpecIndex } from '../decide/spec-index.ts';
import type { AnchorIr, WorkloadIr } from '../ir/anchor.ts';
import { type ServiceIr, TOTAL_WEIGHT } from '../ir/ir.ts';
import type { SliceTraffic } from '../policy/rollout/decision.ts';
import { unavailable } from './assemble-routing.ts';
import { assembleService } from './assemble-service.ts';
import { NO_DECISIONS } from './decisions.ts';

/** The label that Istio's own examples and dashboards tell versions by. */
const VERSION_LABEL = 'version';

/** What the anchors of all services are made of, in the order of the specs. */
export function assembleAnchors(specs: SpecIndex): readonly AnchorIr[] {
  return [...specs.services].map(([id, service]) => {
    const policy = specs.policies.get(id);
    const rollout = specs.rollouts.get(id);
    return {
      service: anchorService(specs, service, rollout, policy),
      defaultVersion: service.spec.defaultVersion,
      workloads: service.spec.versions.map((version) => workloadOf(service, version)),
      limitSets: limitSets(policy),
      notices: notices(service, policy),
    };
  });
}

function anchorService(
  specs: SpecIndex,
  service: ModelService,
  rollout: ModelRollout | undefined,
  policy: TrafficPolicy | undefined,
): ServiceIr {
  const { namespace } = service.metadata;
  const ir = assembleService({
    service,
    rollout,
    policy,
    decisions: { ...NO_DECISIONS, slices: everySlice(rollout) },
    endpoints: new Map(),
    // Istio's sidecars have no filter that tells a cache of calls.
    fallbackCache: undefined,
    clusterOf: (name) => {
      const version = specs.services.get(`${namespace}/${name}`)?.spec.defaultVersion;
      return version === undefined ? undefined : `${namespace}/${name}/${version}`;
    },
  });
  const breaker = ir.routing.breaker ?? {
    admitted: TOTAL_WEIGHT,
    bypass: [],
    fallback: unavailable(`${service.metadata.name} is not available`),
  };
  // A salt of the rollout's would make each rollout a change of the routes, and so a push of istiod's.
  return { ...ir, routing: { ...ir.routing, breaker, salt: ir.id } };
}

/** Whatever slice a rollout may use, in the order in which it uses them. Their weights are told later. */
function everySlice(rollout: ModelRollout | undefined): readonly SliceTraffic[] {
  if (rollout === undefined) return [];
  const { match, slices, strategy } = rollout.spec;
  const kinds: readonly SliceTraffic['by'][] = [
    ...((strategy.blueGreen?.previewMatch.length ?? 0) > 0 ? ['preview' as const] : []),
    ...(match.length > 0 ? ['match' as const] : []),
    ...slices.map(({ name }) => ({ slice: name })),
  ];
  return kinds.map((by) => ({ by, weights: [] }));
}

function workloadOf({ metadata, spec }: ModelService, { name, endpoints }: ServiceVersion): WorkloadIr {
  const pods = endpoints.kubernetes;
  const port = pods?.port ?? spec.port;
  return {
    version: name,
    namespace: pods?.namespace ?? metadata.namespace,
    labels: pods?.selector ?? { [VERSION_LABEL]: name },
    port: typeof port === 'number' ? port : undefined,
  };
}

/** An adaptive limit is in force once its rate was decided, so there is a time without it. */
function limitSets(policy: TrafficPolicy | undefined): readonly (readonly string[])[] {
  const limits = (policy?.spec.rateLimits ?? []).filter(({ global }) => !global);
  if (limits.length === 0) return [];
  const steady = limits.filter((limit) => 'requestsPerSecond' in limit);
  return [limits, steady].map((set) => set.map(({ name }) => name));
}

function notices(service: ModelService, policy: TrafficPolicy | undefined): readonly string[] {
  const { spec } = service;
  const { breaker, rateLimits = [], balancing, outlierDetection } = policy?.spec ?? {};
  const selectorless = spec.versions.filter(({ endpoints }) => endpoints.kubernetes?.selector === undefined);
  return [
    ...selectorless.map(
      ({ name }) =>
        `version ${name} has no selector of pods; pods with the label ${VERSION_LABEL}: ${name} are taken`,
    ),
    ...rateLimits
      .filter(({ global }) => global)
      .map(
        ({ name }) =>
          `the limit ${name} is global, which Istio's sidecars cannot be told; it is not enforced`,
      ),
    ...(balancing === undefined ? [] : ["weights of endpoints are istiod's; balancing does not act"]),
    ...(outlierDetection?.failureRate === undefined
      ? []
      : ['outlierDetection.failureRate is left out: Istio has no such field']),
    ...(spec.healthCheck === undefined
      ? []
      : ['healthCheck is left out: readiness of the pods decides in Istio']),
    ...(spec.loadBalancing.policy === 'Utilization'
      ? ['loadBalancing Utilization is LeastRequest in Istio']
      : []),
    ...(spec.loadBalancing.affinity !== undefined && spec.stickiness.length > 0
      ? ['with stickiness the instance follows the user as well: affinity does not act']
      : []),
    ...(breaker?.fallback.cached === undefined ? [] : ['a cached fallback answers UNAVAILABLE']),
  ];
}
