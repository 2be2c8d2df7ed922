import { z } from 'zod';
import { type CommandResult, type ControlPlane, ROLLOUT_ACTIONS, SWITCHES } from './control-plane.ts';
import { problem } from './problem.ts';
import { json, jsonAnswer, type Route, route } from './route.ts';
import { rolloutSchema, statusSchema } from './schema.ts';

const namespace = z.string().min(1).default('default');

/** What people and pipelines may do: the verbs of a rollout, and the switches over everything. */
export function actionRoutes(controlPlane: ControlPlane): readonly Route[] {
  const empty = z.strictObject({}).optional();
  const rolloutActions = ROLLOUT_ACTIONS.flatMap((action) => {
    const described = {
      method: 'POST',
      tag: 'actions',
      summary: `${action[0]?.toUpperCase()}${action.slice(1)} a rollout`,
      body: empty,
      success: jsonAnswer(rolloutSchema),
      problems: [404, 409, 422],
    } as const;
    const act = async (rollout: { namespace: string; name: string }, actor: string) => {
      const result = await controlPlane.command({ kind: action, rollout, actor });
      return (
        refusal(result) ??
        json(
          controlPlane
            .rollouts()
            .find(({ namespace, name }) => namespace === rollout.namespace && name === rollout.name),
        )
      );
    };
    // The router's `name` still has the action behind its colon.
    const bare = (name = '') => name.slice(0, -(action.length + 1));
    return [
      route(
        {
          ...described,
          path: `/api/v1/rollouts/{name}:${action}`,
          id: action,
          query: z.strictObject({ namespace }),
        },
        ({ path, query, actor }) => act({ namespace: query.namespace, name: bare(path.name) }, actor),
      ),
      route(
        { ...described, path: `/api/v1/rollouts/{namespace}/{name}:${action}`, id: `${action}InNamespace` },
        ({ path, actor }) => act({ namespace: path.namespace ?? '', name: bare(path.name) }, actor),
      ),
    ];
  });
  const meanings = {
    freeze: 'Hold every automatic change',
    baseline: 'Put every sidecar back on the static values of the specs',
  };
  const switches = SWITCHES.map((kind) =>
    route(
      {
        method: 'POST',
        path: `/api/v1/${kind}`,
        id: kind,
        tag: 'actions',
        summary: meanings[kind],
        access: kind === 'baseline' ? 'admin' : 'operator',
        body: z.strictObject({ on: z.boolean() }),
        success: jsonAnswer(statusSchema),
        problems: [409, 422],
      },
      async ({ body, actor }) =>
        refusal(await controlPlane.command({ kind, on: body.on, actor })) ?? json(controlPlane.status()),
    ),
  );
  return [...rolloutActions, ...switches];
}

const REFUSALS = { 'not-found': 404, conflict: 409, invalid: 422 } as const;

function refusal(result: CommandResult): Response | undefined {
  return result.ok ? undefined : problem(REFUSALS[result.code], result.message);
}
