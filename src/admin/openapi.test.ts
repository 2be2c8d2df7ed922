import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { SampleMesh } from '../../e2e/dashboard/sample-mesh.ts';
import { Feed } from './feed.ts';
import { describeApi } from './openapi.ts';
import { Recorder } from './recorder.ts';
import { apiRoutes } from './routes.ts';
import {
  breakerSchema,
  decisionSchema,
  limitSchema,
  rolloutSchema,
  serviceSchema,
  sidecarSchema,
  statusSchema,
} from './schema.ts';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string }[];
  readonly requestBody?: {
    readonly content: Record<string, { readonly schema: { readonly required: string[] } }>;
  };
  readonly responses: Record<string, unknown>;
}

describe('the description of the API', () => {
  it('describes every route, its parameters, bodies and problems', () => {
    const mesh = new SampleMesh({ now: 0 });
    const feed = new Feed(mesh, () => 0);
    const routes = apiRoutes({
      controlPlane: mesh,
      registry: new Registry(),
      feed,
      recorder: new Recorder(),
      openMetrics: true,
    });
    feed.close();
    const description: OpenApi = JSON.parse(JSON.stringify(describeApi(routes, '0.1.0')));
    expect(description.openapi).toBe('3.1.0');
    expect(Object.keys(description.paths)).toMatchSnapshot();
    const abort = description.paths['/api/v1/rollouts/{name}:abort']?.post;
    expect(Object.keys(abort?.responses ?? {})).toEqual([
      '200',
      '400',
      '401',
      '403',
      '404',
      '409',
      '413',
      '415',
      '422',
      '429',
    ]);
    expect(abort?.parameters.map(({ name }) => name)).toEqual(['name', 'namespace']);
    const freeze = description.paths['/api/v1/freeze']?.post;
    expect(freeze?.requestBody?.content['application/json']?.schema.required).toEqual(['on']);
    const ids = Object.values(description.paths).flatMap((operations) => Object.values(operations));
    expect(new Set(ids.map(({ operationId }) => operationId)).size).toBe(ids.length);
  });

  it('describes answers as they are', () => {
    const mesh = new SampleMesh({ now: 0 });
    const wire = (value: unknown) => JSON.parse(JSON.stringify(value));
    for (const value of mesh.services()) serviceSchema.parse(wire(value));
    for (const value of mesh.rollouts()) rolloutSchema.parse(wire(value));
    for (const value of mesh.sidecars()) sidecarSchema.parse(wire(value));
    for (const value of mesh.breakers()) breakerSchema.parse(wire(value));
    for (const value of mesh.limits()) limitSchema.parse(wire(value));
    for (const value of mesh.decisions({ limit: 100 })) decisionSchema.parse(wire(value));
    statusSchema.parse(wire(mesh.status()));
  });
});
