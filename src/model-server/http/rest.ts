import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { Problem } from '../protocol/problem.ts';
import type { ModelService } from '../service.ts';
import { parseTraceparent } from '../tracing/context.ts';
import { parseRestRequest, restRequest, restResponse } from './json-tensors.ts';

/** Length of the JSON in a body that has binary data behind it. */
const JSON_LENGTH_HEADER = 'inference-header-content-length';

/** Adds the paths of the Open Inference Protocol v2. */
export function addRest(app: Hono, service: ModelService): void {
  app.get('/v2', (context) => context.json(service.metadata()));
  app.get('/v2/health/live', (context) => context.json({ live: true }));
  app.get('/v2/health/ready', (context) => readiness(context, service.ready(), 'ready'));
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version'] as const) {
    app.get(path, (context) => context.json(service.modelMetadata(...namesIn(context))));
    app.get(`${path}/ready`, (context) => {
      const [model, version] = namesIn(context);
      return readiness(context, service.modelReady(model, version), 'ready', { name: model });
    });
    app.post(`${path}/infer`, (context) => infer(context, service));
  }
  app.post('/v2/repository/index', async (context) => {
    const entries = await service.index();
    return context.json(entries.map(({ model, ...entry }) => ({ name: model, ...entry })));
  });
  app.post('/v2/repository/models/:model/load', async (context) => {
    const body = loadSchema.safeParse(await context.req.json().catch(() => ({})));
    if (!body.success)
      throw new Problem('INVALID_ARGUMENT', 'parameters.versions: expected a text such as "v1,v2"');
    await service.load(context.req.param('model'), body.data.parameters.versions);
    return context.json({});
  });
  app.post('/v2/repository/models/:model/unload', async (context) => {
    await service.unload(context.req.param('model'));
    return context.json({});
  });
}

const loadSchema = z.object({ parameters: z.object({ versions: z.string().default('') }).prefault({}) });

async function infer(context: Context, service: ModelService): Promise<Response> {
  const [model, version] = namesIn(context);
  const nowMs = performance.now();
  const { json, binary } = splitBody(context, new Uint8Array(await context.req.arrayBuffer()));
  const body = parseRestRequest(JSON.parse(json));
  if (service.degraded()) context.header('x-envoy-degraded', '1');
  const named = service.versionNamed(model, version);
  if (named !== undefined) context.header('x-model-version', named);
  const answer = await service.infer(
    restRequest(body, binary, {
      model,
      version,
      nowMs,
      onGone: (listener) => context.req.raw.signal.addEventListener('abort', listener, { once: true }),
      trace: parseTraceparent(context.req.header('traceparent')),
    }),
  );
  const response = restResponse(answer, body);
  context.header('x-model-version', answer.version);
  if (response.binary.length === 0) return context.json(response.body);
  const head = Buffer.from(JSON.stringify(response.body));
  context.header('content-type', 'application/octet-stream');
  context.header(JSON_LENGTH_HEADER, String(head.length));
  return context.body(Buffer.concat([head, ...response.binary]));
}

function splitBody(context: Context, body: Uint8Array): { json: string; binary: Uint8Array } {
  const given = context.req.header(JSON_LENGTH_HEADER);
  const length = given === undefined ? body.length : Number(given);
  if (!(length >= 0 && length <= body.length)) {
    throw new Problem(
      'INVALID_ARGUMENT',
      `${JSON_LENGTH_HEADER} is ${given}, the body has ${body.length} bytes`,
    );
  }
  return {
    json: Buffer.from(body.buffer, body.byteOffset, length).toString(),
    binary: body.subarray(length),
  };
}

function namesIn(context: Context): [string, string] {
  return [context.req.param('model') ?? '', context.req.param('version') ?? ''];
}

function readiness(context: Context, ready: boolean, field: string, more: object = {}): Response {
  return context.json({ ...more, [field]: ready }, ready ? 200 : 503);
}
