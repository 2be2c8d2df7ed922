import { Hono } from 'hono';
import {
  API_GROUP,
  API_VERSION,
  apiGroup,
  type DemandSample,
  metricValues,
  resourceList,
} from '../../core/external-metrics/metric-values.ts';

/** Decides nothing of its own: what is answered was decided at the last look, by whichever replica leads. */
export interface DemandSource {
  demand(): readonly DemandSample[];
}

/**
 * The API group `external.metrics.k8s.io`, which the API server hands requests on to. Who may read what it has
 * decided already, by its RBAC.
 */
export function externalMetrics(source: DemandSource): Hono {
  const app = new Hono();
  const base = `/apis/${API_GROUP}`;
  app.get('/apis', (c) => c.json({ kind: 'APIGroupList', apiVersion: 'v1', groups: [apiGroup()] }));
  app.get(base, (c) => c.json(apiGroup()));
  app.get(`${base}/${API_VERSION}`, (c) => c.json(resourceList()));
  app.get(`${base}/${API_VERSION}/namespaces/:namespace/:metric`, (c) => {
    const { namespace, metric } = c.req.param();
    const answer = metricValues(source.demand(), namespace, metric, c.req.query('labelSelector') ?? '');
    return 'message' in answer
      ? c.json(failure(answer.status, answer.message), answer.status)
      : c.json(answer);
  });
  return app;
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  404: 'NotFound',
};

/** A `Status` object, as kubectl shows it. */
function failure(code: number, message: string): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: REASONS[code],
    code,
  };
}
