import type { MetricTemplate } from '../api/metric-template.ts';
import type { ModelRollout } from '../api/model-rollout.ts';
import type { ModelService } from '../api/model-service.ts';
import { type Rendered, renderQuery } from './gate-query.ts';
import { formatSpan } from './promql.ts';

/** One question that a Query gate has asked of Prometheus, again and again. */
export interface GateQuestion {
  /** `ROLLOUT/GATE/VERSION`, as in `ServiceObservation.queries`. */
  readonly key: string;
  /** `NAMESPACE/NAME`. */
  readonly service: string;
  readonly intervalMs: number;
  readonly rendered: Rendered;
}

/** The questions of all Query gates of a rollout: each asked for the candidate and for stable. */
export function gateQuestions(
  rollout: ModelRollout,
  service: ModelService,
  templates: readonly MetricTemplate[],
): readonly GateQuestion[] {
  const { analysis, stable, candidate } = rollout.spec;
  return analysis.metrics.flatMap((metric) => {
    if (metric.type !== 'Query') return [];
    const intervalMs = metric.interval ?? analysis.interval;
    return [...new Set([stable, candidate])].map((version) => ({
      key: `${rollout.metadata.name}/${metric.name}/${version}`,
      service: `${service.metadata.namespace}/${service.metadata.name}`,
      intervalMs,
      rendered: renderGate(metric, rollout, builtIns(rollout, service, version, intervalMs), templates),
    }));
  });
}

type QueryMetric = Extract<ModelRollout['spec']['analysis']['metrics'][number], { type: 'Query' }>;

function renderGate(
  metric: QueryMetric,
  rollout: ModelRollout,
  values: Readonly<Record<string, string>>,
  templates: readonly MetricTemplate[],
): Rendered {
  if (metric.query !== undefined) return renderQuery(metric.query, values);
  const reference = metric.template;
  if (reference === undefined) return { ok: false, problem: 'neither query nor template is given' };
  const { namespace } = rollout.metadata;
  const template = templates.find(
    ({ metadata }) => metadata.name === reference.name && metadata.namespace === namespace,
  );
  if (template === undefined) {
    return { ok: false, problem: `there is no MetricTemplate ${namespace}/${reference.name}` };
  }
  const defaults = template.spec.args.flatMap(({ name, default: value }) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return renderQuery(template.spec.query, { ...Object.fromEntries(defaults), ...reference.args, ...values });
}

function builtIns(
  rollout: ModelRollout,
  service: ModelService,
  version: string,
  intervalMs: number,
): Readonly<Record<string, string>> {
  const { stable, candidate } = rollout.spec;
  const served = service.spec.versions.find(({ name }) => name === version);
  return {
    service: service.metadata.name,
    namespace: service.metadata.namespace,
    model: service.spec.model,
    version,
    modelVersion: served?.modelVersion ?? version,
    stable,
    candidate,
    interval: formatSpan(intervalMs),
  };
}
