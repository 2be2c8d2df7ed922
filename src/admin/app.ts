import { Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Access } from './authentication.ts';
import { type DashboardFile, serveFile } from './dashboard-files.ts';
import { hardened, MAX_BODY_BYTES, onlyHosts, sameOrigin } from './guard.ts';
import { describeApi } from './openapi.ts';
import { problem } from './problem.ts';
import { json, patternOf } from './route.ts';
import { apiRoutes, type Sources } from './routes.ts';

/** What the application is made of. */
export interface AdminParts extends Sources {
  readonly dashboard: ReadonlyMap<string, DashboardFile>;
  /** Which Host headers are answered. */
  readonly allowsHost: (host: string) => boolean;
  /** An error that is ours, not the caller's; the caller learns nothing of it. */
  readonly reportError: (error: Error) => void;
}

/** The admin server's routes and guards as one application, without a socket. */
export function buildApp(parts: AdminParts): Hono {
  const app = new Hono();
  app.use(hardened(), onlyHosts(parts.allowsHost), sameOrigin());
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => problem(413, `a body has at most ${MAX_BODY_BYTES} bytes`),
    }),
  );
  const routes = apiRoutes(parts);
  for (const route of routes)
    app.on(route.method, patternOf(route.path), guardOf(parts, route.access), route.respond);
  const description = describeApi(routes, parts.controlPlane.status().version);
  app.get('/openapi.json', guardOf(parts, 'viewer'), () => json(description));
  for (const [path, file] of parts.dashboard)
    app.get(path, (context) => serveFile(file, context.req.header('if-none-match')));
  refuseOtherMethods(app, [
    ...routes,
    ...[...parts.dashboard.keys(), '/openapi.json'].map((path) => ({ method: 'GET', path })),
  ]);
  app.notFound((context) =>
    context.req.path === '/'
      ? problem(404, 'the dashboard is not built; run `make build`')
      : problem(404, `there is nothing at ${context.req.path}; /openapi.json lists what there is`),
  );
  app.onError((error) => {
    parts.reportError(error);
    return problem(500, 'something went wrong in Penstock; its log says what');
  });
  return app;
}

/** The page itself is for everybody: it holds nothing, and asks for what it shows. */
function guardOf({ authentication }: AdminParts, access: Access): MiddlewareHandler {
  return authentication && access !== 'open' ? authentication.needs(access) : (_, next) => next();
}

function refuseOtherMethods(
  app: Hono,
  routes: readonly { readonly method: string; readonly path: string }[],
): void {
  const allowed = Map.groupBy(routes, ({ path }) => path);
  for (const [path, group] of allowed) {
    const methods = group.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
    app.all(patternOf(path), (context) =>
      problem(405, `${context.req.path} answers to ${methods}, not to ${context.req.method}`, {
        allow: methods,
      }),
    );
  }
}
