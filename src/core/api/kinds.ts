import { type MetricTemplate, metricTemplateSchema } from './metric-template.ts';
import { type ModelRollout, modelRolloutSchema } from './model-rollout.ts';
import { type ModelService, modelServiceSchema } from './model-service.ts';
import { type TrafficPolicy, trafficPolicySchema } from './traffic-policy.ts';

/** Every kind with its one definition, in the order in which people meet them. */
export const kinds = {
  ModelService: modelServiceSchema,
  ModelRollout: modelRolloutSchema,
  TrafficPolicy: trafficPolicySchema,
  MetricTemplate: metricTemplateSchema,
} as const;

export type Kind = keyof typeof kinds;

/** A validated object of any kind, with its defaults filled in and its durations in milliseconds. */
export type ApiObject = ModelService | ModelRollout | TrafficPolicy | MetricTemplate;

export const kindNames = Object.keys(kinds) as readonly Kind[];

export function isKind(name: string): name is Kind {
  return Object.hasOwn(kinds, name);
}
