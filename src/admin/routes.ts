import type { Registry } from 'prom-client';
import { z } from 'zod';
import { actionRoutes } from './action-routes.ts';
import { auditRoute } from './audit-route.ts';
import type { Authentication } from './authentication.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Feed } from './feed.ts';
import { loginRoutes } from './login-routes.ts';
import { problem } from './problem.ts';
import type { Recorder } from './recorder.ts';
import { json, jsonAnswer, type Route, route } from './route.ts';
import {
  breakerSchema,
  decisionSchema,
  historySchema,
  limitSchema,
  rolloutSchema,
  serviceSchema,
  sidecarSchema,
  statusSchema,
} from './schema.ts';

/** What the routes read and act upon. */
export interface Sources {
  readonly controlPlane: ControlPlane;
  readonly registry: Registry;
  readonly feed: Feed;
  readonly recorder: Recorder;
  /** Who may do what; undefined: everybody everything. */
  readonly authentication?: Authentication;
  /** Metrics are for everybody, as scrapers expect; otherwise for viewers. */
  readonly openMetrics: boolean;
}

const key = z.string().regex(/^[^/\s]+\/[^/\s]+$/, 'give NAMESPACE/NAME');
const DECISIONS_LIMIT = 1_000;

/** Every route of the server but the dashboard's files and `/openapi.json`, which describes these. */
export function apiRoutes(sources: Sources): readonly Route[] {
  return [
    ...operating(sources),
    ...reading(sources.controlPlane),
    ...following(sources),
    auditRoute(sources.controlPlane),
    ...actionRoutes(sources.controlPlane),
    ...loginRoutes(sources.authentication),
  ];
}

function operating({ controlPlane, registry, openMetrics }: Sources): readonly Route[] {
  const text = (description: string) => ({ type: 'text/plain', description, schema: undefined });
  return [
    route(
      {
        method: 'GET',
        path: '/healthz',
        id: 'healthz',
        tag: 'operation',
        summary: 'Whether the process is alive',
        access: 'open',
        success: text('`ok`'),
      },
      () => new Response('ok\n', { headers: { 'content-type': 'text/plain' } }),
    ),
    route(
      {
        method: 'GET',
        path: '/readyz',
        id: 'readyz',
        tag: 'operation',
        summary: 'Whether sidecars may be sent here',
        access: 'open',
        success: text('ready, in words'),
        problems: [503],
      },
      () => {
        const { ready, message } = controlPlane.readiness();
        return ready
          ? new Response(`${message}\n`, { headers: { 'content-type': 'text/plain' } })
          : problem(503, message);
      },
    ),
    route(
      {
        method: 'GET',
        path: '/metrics',
        id: 'metrics',
        tag: 'operation',
        summary: "Penstock's own metrics",
        access: openMetrics ? 'open' : 'viewer',
        success: text('Prometheus text format'),
      },
      async () =>
        new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } }),
    ),
  ];
}

function reading(controlPlane: ControlPlane): readonly Route[] {
  const list = (name: string, summary: string, item: z.ZodType, read: () => readonly unknown[]): Route =>
    route(
      {
        method: 'GET',
        path: `/api/v1/${name}`,
        id: name,
        tag: 'state',
        summary,
        success: jsonAnswer(z.array(item)),
      },
      () => json(read()),
    );
  return [
    route(
      {
        method: 'GET',
        path: '/api/v1/status',
        id: 'status',
        tag: 'state',
        summary: 'The control plane itself',
        success: jsonAnswer(statusSchema),
      },
      () => json(controlPlane.status()),
    ),
    list('services', 'Services with their versions, weights and live numbers', serviceSchema, () =>
      controlPlane.services(),
    ),
    list('rollouts', 'Rollouts with their steps, gates and evidence', rolloutSchema, () =>
      controlPlane.rollouts(),
    ),
    list('breakers', 'Circuit breakers', breakerSchema, () => controlPlane.breakers()),
    list('limits', 'Rate limits in force', limitSchema, () => controlPlane.limits()),
    list('sidecars', 'Connected sidecars: convergence, lag, refusals', sidecarSchema, () =>
      controlPlane.sidecars(),
    ),
    route(
      {
        method: 'GET',
        path: '/api/v1/decisions',
        id: 'decisions',
        tag: 'state',
        summary: 'Decisions with their evidence, newest first',
        query: z.strictObject({
          subject: z.string().optional().describe('`Rollout/default/fraud-v2`'),
          service: key.optional().describe('`default/fraud`'),
          reason: z.string().optional().describe('`RolledBack`'),
          before: z.coerce.number().int().optional().describe('only ids below: the next page'),
          after: z.coerce.number().int().optional().describe('only ids above'),
          limit: z.coerce.number().int().min(1).max(DECISIONS_LIMIT).default(100),
        }),
        success: jsonAnswer(z.array(decisionSchema)),
      },
      ({ query }) => json(controlPlane.decisions(defined(query))),
    ),
  ];
}

function following({ controlPlane, feed, recorder }: Sources): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/api/v1/history',
        id: 'history',
        tag: 'state',
        summary: 'Recent numbers of one service or one rollout, for plots',
        query: z
          .strictObject({ service: key.optional(), rollout: key.optional() })
          .refine(
            (query) => (query.service === undefined) !== (query.rollout === undefined),
            'give either service or rollout',
          ),
        success: jsonAnswer(historySchema),
        problems: [404],
      },
      ({ query: { service, rollout } }) => {
        // What has just been made has no history yet, and is no mistake of whoever asks.
        const history = service ? recorder.service(service) : recorder.rollout(rollout ?? '');
        const known = service ? controlPlane.services() : controlPlane.rollouts();
        const asked = service ?? rollout;
        const exists = known.some(({ namespace, name }) => `${namespace}/${name}` === asked);
        if (!exists && history.at.length === 0) return problem(404, `nothing is recorded of ${asked}`);
        return json(history);
      },
    ),
    route(
      {
        method: 'GET',
        path: '/api/v1/events',
        id: 'events',
        tag: 'state',
        summary:
          'Follow everything: a `snapshot`, then a `change` whenever something is different, at most one a second',
        query: z.strictObject({
          lastEventId: z.string().optional().describe('as the header Last-Event-ID, for who cannot set it'),
        }),
        success: {
          type: 'text/event-stream',
          description: 'events `snapshot`, `change` and `heartbeat`',
          schema: undefined,
        },
      },
      ({ lastEventId, query }) =>
        new Response(feed.open(lastEventId ?? query.lastEventId), {
          headers: {
            'content-type': 'text/event-stream',
            'cache-control': 'no-store',
            'x-accel-buffering': 'no',
          },
        }),
    ),
  ];
}

/** Leaves out what was not asked for. */
function defined<Value extends object>(
  value: Value,
): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Value]: Exclude<Value[Key], undefined> };
}
