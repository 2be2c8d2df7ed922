import { randomBytes } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { FailureLimit } from '../core/security/failure-limit.ts';
import { mayActAs, type Person, type Role } from '../core/security/roles.ts';
import { problem } from './problem.ts';

/** Says who has a credential. */
export interface Authenticator {
  /** Undefined: nobody, or nobody any more. Rejects where it cannot be found out now. */
  personOf(bearer: string): Promise<Person | undefined>;
}

/** Who may ask for something: everybody, or whoever has at least this role. */
export type Access = Role | 'open';

const COOKIE = 'penstock_session';
/** Where a proxy keeps the usual header for itself, as Kubernetes' API server does. */
const TOKEN_HEADER = 'x-penstock-token';
const SESSION_MS = 8 * 3_600_000;
const SESSIONS = 1_000;
const SESSION_ID_BYTES = 32;
/** How often who follows the events is asked about again. */
const CHECK_EVERY_MS = 5_000;

interface Session {
  readonly bearer: string;
  readonly until: number;
}

/**
 * Checks who asks. A page cannot send a header with each request, so it trades its credential for a session once; the
 * credential stays here and is checked each time, so that a session ends with it.
 */
export class Authentication {
  readonly #authenticator: Authenticator;
  readonly #now: () => number;
  readonly #failures = new FailureLimit();
  readonly #sessions = new Map<string, Session>();

  constructor(authenticator: Authenticator, now: () => number) {
    this.#authenticator = authenticator;
    this.#now = now;
  }

  /** Lets a request through whose sender has the role, and says who it is. */
  needs(role: Role): MiddlewareHandler {
    return async (context, next) => {
      const bearer = this.#credentialOf(context);
      if (bearer === undefined) return unauthenticated('give a token: authorization: Bearer TOKEN');
      const person = await this.#check(context, bearer);
      if (person instanceof Response) return person;
      if (!mayActAs(person.role, role))
        return problem(403, `${person.name} is ${person.role}; this needs ${role}`);
      context.set('person', person);
      await next();
      const { body, headers } = context.res;
      if (body && headers.get('content-type') === 'text/event-stream')
        context.res = new Response(body.pipeThrough(this.#whileValid(bearer, role)), context.res);
      return undefined;
    };
  }

  /** Trades a credential for a session, which the answer's cookie names. */
  async login(context: Context, bearer: string): Promise<Person | Response> {
    const person = await this.#check(context, bearer);
    if (person instanceof Response) return person;
    const id = randomBytes(SESSION_ID_BYTES).toString('base64url');
    this.#sessions.set(id, { bearer, until: this.#now() + SESSION_MS });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
    setCookie(context, COOKIE, id, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: SESSION_MS / 1000,
      secure: new URL(context.req.url).protocol === 'https:',
    });
    return person;
  }

  logout(context: Context): void {
    const id = getCookie(context, COOKIE);
    if (id !== undefined) this.#sessions.delete(id);
    deleteCookie(context, COOKIE, { path: '/' });
  }

  /** Ends a stream of events when the credential that opened it is no longer good for it. */
  #whileValid(bearer: string, role: Role): TransformStream<Uint8Array, Uint8Array> {
    let checkedAt = this.#now();
    return new TransformStream({
      transform: async (chunk, controller) => {
        if (this.#now() - checkedAt >= CHECK_EVERY_MS) {
          checkedAt = this.#now();
          const person = await this.#authenticator.personOf(bearer);
          if (!person || !mayActAs(person.role, role)) return controller.terminate();
        }
        controller.enqueue(chunk);
      },
    });
  }

  async #check(context: Context, bearer: string): Promise<Person | Response> {
    const address = addressOf(context) ?? '';
    const waitMs = this.#failures.waitMs(address, this.#now());
    if (waitMs > 0)
      return problem(429, 'too many failed logins from your address; try again later', {
        'retry-after': String(Math.ceil(waitMs / 1000)),
      });
    const person = await this.#authenticator.personOf(bearer);
    if (person) return person;
    this.#failures.failed(address, this.#now());
    return unauthenticated('the token is not valid, or not any more');
  }

  #credentialOf(context: Context): string | undefined {
    const [, bearer] = /^Bearer +(\S+)$/i.exec(context.req.header('authorization') ?? '') ?? [];
    const credential = bearer ?? context.req.header(TOKEN_HEADER);
    if (credential) return credential;
    const session = this.#sessions.get(getCookie(context, COOKIE) ?? '');
    return session && session.until > this.#now() ? session.bearer : undefined;
  }
}

/** Where a request comes from; undefined outside of a server. */
export function addressOf(context: Context): string | undefined {
  return context.env?.incoming?.socket?.remoteAddress;
}

function unauthenticated(why: string): Response {
  return problem(401, why, { 'www-authenticate': 'Bearer realm="penstock"' });
}
