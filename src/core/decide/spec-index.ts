import type { ApiObject } from '../api/kinds.ts';
import type { MetricTemplate } from '../api/metric-template.ts';
import type { ModelRollout } from '../api/model-rollout.ts';
import type { ModelService } from '../api/model-service.ts';
import type { TrafficPolicy } from '../api/traffic-policy.ts';

/** The specs in force, by what they act on; all keys are `NAMESPACE/NAME`. */
export interface SpecIndex {
  readonly services: ReadonlyMap<string, ModelService>;
  /** By service. */
  readonly rollouts: ReadonlyMap<string, ModelRollout>;
  /** By service. */
  readonly policies: ReadonlyMap<string, TrafficPolicy>;
  readonly templates: readonly MetricTemplate[];
}

/** The key of an object, or of the service that it targets. */
export function serviceKey(object: ModelService | ModelRollout | TrafficPolicy): string {
  const { namespace, name } = object.metadata;
  return `${namespace}/${object.kind === 'ModelService' ? name : object.spec.targetRef.name}`;
}

/** Sorts valid objects into an index. Validation has seen to it that a service has one rollout and one policy. */
export function indexSpecs(objects: readonly ApiObject[]): SpecIndex {
  const services = new Map<string, ModelService>();
  const rollouts = new Map<string, ModelRollout>();
  const policies = new Map<string, TrafficPolicy>();
  const templates: MetricTemplate[] = [];
  for (const object of objects) {
    switch (object.kind) {
      case 'ModelService':
        services.set(serviceKey(object), object);
        break;
      case 'ModelRollout':
        rollouts.set(serviceKey(object), object);
        break;
      case 'TrafficPolicy':
        policies.set(serviceKey(object), object);
        break;
      case 'MetricTemplate':
        templates.push(object);
    }
  }
  return { services, rollouts, policies, templates };
}
