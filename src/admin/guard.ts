import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { problem } from './problem.ts';

/** The largest body that is read; every command fits in a fraction of it. */
export const MAX_BODY_BYTES = 16 * 1024;

/** Headers that let the page load nothing but itself, and nobody frame it. */
export function hardened(): MiddlewareHandler {
  const self = ["'self'"];
  const none = ["'none'"];
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: none,
      scriptSrc: self,
      styleSrc: self,
      imgSrc: [...self, 'data:'],
      connectSrc: self,
      baseUri: none,
      formAction: none,
      frameAncestors: none,
    },
    xFrameOptions: 'DENY',
    referrerPolicy: 'no-referrer',
    // Plain HTTP on loopback is the default; whoever puts TLS in front sets this there.
    strictTransportSecurity: false,
    permissionsPolicy: { camera: [], geolocation: [], microphone: [] },
  });
}

/**
 * Against DNS rebinding: a server on loopback answers only to loopback's names, so that a page of another
 * site cannot reach it under its own name.
 */
export function onlyHosts(allowed: (host: string) => boolean): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header('host') ?? new URL(context.req.url).host;
    if (!allowed(host)) return problem(421, `this server does not answer for ${JSON.stringify(host)}`);
    return next();
  };
}

/** Whether a Host header (`localhost:18080`, `[::1]:18080`) names this machine, or one of `others`. */
export function isLoopbackHost(host: string, others: readonly string[] = []): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return (
    name === '[::1]' ||
    /^(.+\.)?localhost$/.test(name) ||
    /^127(\.\d{1,3}){3}$/.test(name) ||
    others.includes(name)
  );
}

/**
 * Against forged requests: what changes something must come from this page or from no page at all, and must
 * carry what a foreign page cannot send without being asked first (JSON, or a header of its own).
 */
export function sameOrigin(): MiddlewareHandler {
  return async (context, next) => {
    if (['GET', 'HEAD', 'OPTIONS'].includes(context.req.method)) return next();
    const origin = context.req.header('origin');
    const site = context.req.header('sec-fetch-site');
    const host = context.req.header('host') ?? new URL(context.req.url).host;
    if (origin !== undefined && hostOf(origin) !== host)
      return problem(403, `requests from ${origin} are refused; use the page at ${host}`);
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      return problem(403, 'requests from another site are refused');
    const isJson = /^application\/json\b/i.test(context.req.header('content-type') ?? '');
    if (!isJson && context.req.header('x-penstock-request') === undefined)
      return problem(415, 'send content-type: application/json (or the header x-penstock-request)');
    return next();
  };
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
