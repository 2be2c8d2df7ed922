import { type Context, Hono } from 'hono';
import type { Registry } from 'prom-client';
import { parseFault } from '../faults/fault.ts';
import type { FaultInjector } from '../faults/injector.ts';
import { asProblem, type ProblemCode } from '../protocol/problem.ts';
import type { ModelService } from '../service.ts';
import { addRest } from './rest.ts';

export interface HttpSettings {
  readonly service: ModelService;
  readonly registry: Registry;
  /** Given when faults may be set over HTTP. */
  readonly faults: FaultInjector | undefined;
}

const HTTP_STATUS: Partial<Record<ProblemCode, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** The HTTP side: metrics, health, the Open Inference Protocol on REST, and faults where they are allowed. */
export function createApp({ service, registry, faults }: HttpSettings): Hono {
  const app = new Hono();
  app.get('/metrics', async (context) =>
    context.text(await registry.metrics(), 200, { 'content-type': registry.contentType }),
  );
  app.get('/healthz', (context) => context.text('ok\n'));
  app.get('/readyz', (context) => {
    if (service.degraded()) context.header('x-envoy-degraded', '1');
    return service.ready() ? context.text('ready\n') : context.text('not ready\n', 503);
  });
  addRest(app, service);
  if (faults) addFaults(app, faults);
  app.notFound((context) => context.json({ error: `no such path: ${context.req.path}` }, 404));
  app.onError(problemResponse);
  return app;
}

function addFaults(app: Hono, faults: FaultInjector): void {
  app.get('/debug/fault', (context) => context.json(faults.fault));
  app.post('/debug/fault', async (context) => {
    faults.set(parseFault(await context.req.json()));
    return context.json(faults.fault);
  });
}

function problemResponse(thrown: Error, context: Context): Response {
  const { code, message } = thrown instanceof SyntaxError ? syntaxProblem(thrown) : asProblem(thrown);
  return context.json({ error: message, code }, (HTTP_STATUS[code] ?? 500) as 400);
}

function syntaxProblem(thrown: SyntaxError): { code: ProblemCode; message: string } {
  return { code: 'INVALID_ARGUMENT', message: `the body is not valid JSON: ${thrown.message}` };
}
