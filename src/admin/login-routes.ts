import { z } from 'zod';
import { ROLES } from '../core/security/roles.ts';
import type { Authentication } from './authentication.ts';
import { json, jsonAnswer, personOf, type Route, route } from './route.ts';

const personSchema = z.object({ name: z.string(), role: z.enum(ROLES), authenticated: z.boolean() });

/** Who one is, and sessions for the page. Where nobody is asked who they are, everybody may do everything. */
export function loginRoutes(authentication: Authentication | undefined): readonly Route[] {
  const session = { tag: 'session', method: 'POST', success: jsonAnswer(personSchema) } as const;
  return [
    route(
      {
        method: 'GET',
        path: '/api/v1/me',
        id: 'me',
        tag: 'session',
        summary: 'Who you are to this server, and what you may do',
        access: 'viewer',
        success: jsonAnswer(personSchema),
      },
      ({ context }) => {
        const person = personOf(context);
        return json({
          ...(person ?? { name: 'anonymous', role: 'admin' }),
          authenticated: person !== undefined,
        });
      },
    ),
    route(
      {
        ...session,
        path: '/api/v1/login',
        id: 'login',
        summary: 'Trade a token for a session, which a cookie names',
        access: 'open',
        body: z.strictObject({ token: z.string().min(1).max(8_192) }),
        problems: [401, 429],
      },
      async ({ body, context }) => {
        if (!authentication) return json({ name: 'anonymous', role: 'admin', authenticated: false });
        const person = await authentication.login(context, body.token);
        return person instanceof Response ? person : context.json({ ...person, authenticated: true });
      },
    ),
    route(
      {
        ...session,
        path: '/api/v1/logout',
        id: 'logout',
        summary: 'End the session',
        access: 'open',
        body: z.strictObject({}).optional(),
        success: jsonAnswer(z.object({})),
      },
      ({ context }) => {
        authentication?.logout(context);
        return context.json({});
      },
    ),
  ];
}
