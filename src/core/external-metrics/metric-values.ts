import { parseLabelSelector } from './label-selector.ts';

/** The demand for replicas of one version, as it was decided. */
export interface DemandSample {
  readonly namespace: string;
  readonly service: string;
  readonly version: string;
  /** Requests a second that clients offer; undefined: not known now. */
  readonly offeredPerSecond: number | undefined;
  /** The same for an autoscaler: corrected, and ahead of rollouts and peaks. */
  readonly demandPerSecond: number;
  readonly replicas: number;
  /** ms since the epoch. */
  readonly at: number;
}

export const API_GROUP = 'external.metrics.k8s.io';
export const API_VERSION = 'v1beta1';

const READ: Readonly<Record<string, (sample: DemandSample) => number | undefined>> = {
  requests_per_second: ({ offeredPerSecond }) => offeredPerSecond,
  demand_requests_per_second: ({ demandPerSecond }) => demandPerSecond,
  desired_replicas: ({ replicas }) => replicas,
};

const METRIC_NAMES: readonly string[] = Object.keys(READ);

/** An answer that is an error, with its HTTP status. */
export interface MetricRefusal {
  readonly status: 400 | 404;
  readonly message: string;
}

/**
 * An ExternalMetricValueList: a value for each version of each selected service of a namespace, labelled `service`
 * and `version`. An autoscaler takes their sum. What is not known now is left out: an autoscaler then stays as it is.
 */
export function metricValues(
  samples: readonly DemandSample[],
  namespace: string,
  metric: string,
  selector: string,
): object | MetricRefusal {
  const read = READ[metric];
  if (read === undefined)
    return { status: 404, message: `there is no metric ${metric}; one of ${METRIC_NAMES.join(', ')}` };
  const selects = parseLabelSelector(selector);
  if (selects === undefined)
    return { status: 400, message: `labelSelector ${selector} is none; such as service=fraud,version=v1` };
  const items = samples.flatMap((sample) => {
    const { service, version } = sample;
    const value = read(sample);
    if (sample.namespace !== namespace || value === undefined || !selects({ service, version })) return [];
    return [
      {
        metricName: metric,
        metricLabels: { service, version },
        timestamp: new Date(sample.at).toISOString(),
        value: quantity(value),
      },
    ];
  });
  return { kind: 'ExternalMetricValueList', apiVersion: `${API_GROUP}/${API_VERSION}`, metadata: {}, items };
}

/** In the canonical form: whole numbers as they are, others in thousandths. */
function quantity(value: number): string {
  const thousandths = Math.round(value * 1000);
  return thousandths % 1000 === 0 ? `${thousandths / 1000}` : `${thousandths}m`;
}

/** What the group serves (APIResourceList). */
export function resourceList(): object {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: `${API_GROUP}/${API_VERSION}`,
    resources: METRIC_NAMES.map((name) => ({
      name,
      singularName: '',
      namespaced: true,
      kind: 'ExternalMetricValueList',
      verbs: ['get'],
    })),
  };
}

/** The group itself (APIGroup). */
export function apiGroup(): object {
  const version = { groupVersion: `${API_GROUP}/${API_VERSION}`, version: API_VERSION };
  return {
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: API_GROUP,
    versions: [version],
    preferredVersion: version,
  };
}
