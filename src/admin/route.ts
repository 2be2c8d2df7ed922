import type { Context } from 'hono';
import type { z } from 'zod';
import type { Person, Role } from '../core/security/roles.ts';
import { type Access, addressOf } from './authentication.ts';
import { problem } from './problem.ts';

/** What a handler is given: parameters that already passed their schemas. */
export interface Asked<Query, Body> {
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** Who asks, for the decision record. */
  readonly actor: string;
  readonly lastEventId: string | undefined;
  readonly context: Context;
}

/** One line of the API: what the server does and what `/openapi.json` says of it come from here. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI writes it: `/api/v1/rollouts/{name}:promote`. */
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  /** Who may ask, where anybody is asked who they are. */
  readonly access: Access;
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodType | undefined;
  readonly success: {
    readonly type: string;
    readonly description: string;
    readonly schema: z.ZodType | undefined;
  };
  /** Statuses of the problems that it answers with, beside those of a malformed request. */
  readonly problems: readonly number[];
  readonly respond: (context: Context) => Promise<Response>;
}

type Described = Omit<Route, 'query' | 'body' | 'respond' | 'problems' | 'access'> & {
  /** What reads is for viewers, what changes something for operators, unless said otherwise. */
  readonly access?: Access;
  readonly problems?: readonly number[];
};

/** A route: checks query and body against their schemas before `handle` sees them. */
export function route<Query extends z.ZodObject, Body extends z.ZodType>(
  description: Described & { readonly query?: Query; readonly body?: Body },
  handle: (asked: Asked<z.infer<Query>, z.infer<Body>>) => Response | Promise<Response>,
): Route {
  const { query, body, problems = [] } = description;
  return {
    ...description,
    query,
    body,
    problems,
    access: description.access ?? USUAL[description.method],
    respond: async (context) => {
      const asked = query?.safeParse(context.req.query());
      if (asked?.success === false) return problem(400, `query: ${firstIssue(asked.error)}`);
      const sent = body?.safeParse(await readJson(context));
      if (sent?.success === false) return problem(400, `body: ${firstIssue(sent.error)}`);
      return handle({
        path: context.req.param(),
        query: asked?.data as z.infer<Query>,
        body: sent?.data as z.infer<Body>,
        actor: actorOf(context),
        lastEventId: context.req.header('last-event-id'),
        context,
      });
    },
  };
}

const USUAL: Readonly<Record<Route['method'], Role>> = { GET: 'viewer', POST: 'operator' };

/** A JSON answer; the reader always wants the newest. */
export function json(value: unknown): Response {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return new Response(`${JSON.stringify(value)}\n`, { headers });
}

/** Describes the answer of a route that reads, or that answers with what it changed. */
export function jsonAnswer(schema: z.ZodType): Route['success'] {
  return { type: 'application/json', description: 'as it is now', schema };
}

/** The router's pattern of an OpenAPI path: `/rollouts/{name}:abort` → `/rollouts/:name{[^/:]+:abort}`. */
export function patternOf(path: string): string {
  return path.replace(/\{(\w+)\}(:\w+)?/g, (_, name: string, action?: string) =>
    action === undefined ? `:${name}` : `:${name}{[^/:]+${action}}`,
  );
}

/** The body as JSON; an empty one is `undefined`, a broken one a value that no schema accepts. */
async function readJson(context: Context): Promise<unknown> {
  const text = await context.req.text();
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return Symbol('not JSON');
  }
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  if (!issue) return 'not as described in /openapi.json';
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
}

/** Who was found to be asking; undefined where nobody is asked who they are. */
export function personOf(context: Context): Person | undefined {
  return context.get('person');
}

/** Who is authenticated, or the name that the caller gives itself; and where it calls from, which it cannot choose. */
function actorOf(context: Context): string {
  const claimed = context.req.header('x-penstock-actor') ?? '';
  const name = personOf(context)?.name ?? (/^[\w.@+ -]{1,64}$/.test(claimed) ? claimed : 'anonymous');
  const address = addressOf(context);
  return address === undefined ? name : `${name} (${address})`;
}
