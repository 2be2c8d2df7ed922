import { z } from 'zod';
import type { Route } from './route.ts';
import { problemSchema } from './schema.ts';

/** Describes the routes as an OpenAPI 3.1 document; `version` is Penstock's. */
export function describeApi(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    paths[route.path] = operations;
    operations[route.method.toLowerCase()] = describeOperation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Penstock',
      version,
      description:
        'State of the mesh and the actions that people and pipelines may take. Times are ms since the epoch.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: { Problem: schemaOf(problemSchema) },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'penstock_session' },
      },
    },
  };
}

function describeOperation(route: Route): Record<string, unknown> {
  const { type, description, schema } = route.success;
  const problems = [
    ...(route.query || route.body ? [400] : []),
    ...(route.access === 'open' ? [] : [401, 403, 429]),
    ...(route.body ? [403, 413, 415] : []),
    ...route.problems,
  ];
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.access !== 'open' && {
      description: `Where people are asked who they are: for the role ${route.access} and those above it.`,
      security: [{ token: [] }, { session: [] }],
    }),
    parameters: [...pathParameters(route.path), ...queryParameters(route.query)],
    ...(route.body && { requestBody: { content: { 'application/json': { schema: schemaOf(route.body) } } } }),
    responses: {
      200: { description, content: { [type]: { schema: schema ? schemaOf(schema) : { type: 'string' } } } },
      ...Object.fromEntries(problems.map((status) => [status, describeProblem()])),
    },
  };
}

function describeProblem(): Record<string, unknown> {
  const schema = { $ref: '#/components/schemas/Problem' };
  return { description: 'refused, and why', content: { 'application/problem+json': { schema } } };
}

function pathParameters(path: string): readonly Record<string, unknown>[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: z.ZodObject | undefined): readonly Record<string, unknown>[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...described } = schemaOf(schema as z.ZodType);
    return {
      name,
      in: 'query',
      required: false,
      ...(description !== undefined && { description }),
      schema: described,
    };
  });
}

function schemaOf(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    io: 'input',
    // Every list is readonly in the code; to a caller that says nothing.
    override: ({ jsonSchema }) => {
      delete jsonSchema.readOnly;
    },
  });
  return described;
}
