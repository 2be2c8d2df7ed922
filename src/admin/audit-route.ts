import { z } from 'zod';
import type { ControlPlane } from './control-plane.ts';
import { type Route, route } from './route.ts';

const LIMIT = 10_000;

/** The audit as it is stored, byte by byte, so that who reads it can verify the chain. */
export function auditRoute(controlPlane: Pick<ControlPlane, 'audit'>): Route {
  return route(
    {
      method: 'GET',
      path: '/api/v1/audit',
      id: 'audit',
      tag: 'state',
      summary: 'The chained record of every action of people and of the loop, oldest first',
      query: z.strictObject({
        after: z.coerce.number().int().min(0).default(0).describe('only entries with a larger number'),
        limit: z.coerce.number().int().min(0).max(LIMIT).default(1_000),
      }),
      success: {
        type: 'application/x-ndjson',
        description: 'an entry a line; the header `x-penstock-audit-head` has the newest one as `SEQ:HASH`',
        schema: undefined,
      },
    },
    ({ query }) => {
      const { lines, head } = controlPlane.audit(query.after, query.limit);
      return new Response(lines.map((line) => `${line}\n`).join(''), {
        headers: {
          'content-type': 'application/x-ndjson',
          'cache-control': 'no-store',
          'x-penstock-audit-head': `${head.seq}:${head.hash}`,
        },
      });
    },
  );
}
