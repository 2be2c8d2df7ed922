import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { auditRoute } from '../admin/audit-route.ts';
import { chainOf } from '../core/audit/audit-fixture.ts';
import { entryLine } from '../core/audit/chain.ts';
import { AdminClient } from './admin-client.ts';
import { verifyAudit } from './audit.ts';
import { type AuditSource, auditFromApi, auditPages } from './audit-source.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const chain = chainOf(2_500);
const lines = chain.map(entryLine);
const head = { seq: 2_500, hash: chain.at(-1)?.hash ?? '' };

function source(all: readonly string[]): AuditSource {
  return {
    page: (after, limit) => ({ lines: all.filter((_, index) => index >= after).slice(0, limit), head }),
    close: () => {},
  };
}

describe('verifying an audit', () => {
  it('reads all pages', async () => {
    expect(await verifyAudit(source(lines))).toEqual({ entries: 2_500, from: 1, head, findings: [] });
  });

  it('names the entry that was changed, wherever it is', async () => {
    const changed = lines.with(1_999, (lines[1_999] ?? '').replace('step 2000', 'step 2001'));
    expect((await verifyAudit(source(changed))).findings).toEqual([
      expect.stringMatching(/^entry 2000 .* was changed/),
    ]);
  });

  it('ends even where a page ends with what is no entry', async () => {
    const report = await verifyAudit(source(lines.with(999, 'nothing')));
    expect(report.findings).toEqual(['entry 1000 cannot be read: it is no audit entry']);
  });
});

it('a running control plane tells its chain over HTTP', async () => {
  const served: string[] = [];
  const { path, respond } = auditRoute({
    audit: (after, limit) => ({ lines: lines.slice(after, after + limit), head }),
  });
  const app = new Hono().get(path, (context) => {
    served.push(new URL(context.req.url).search);
    return respond(context);
  });
  const server = createAdaptorServer({ fetch: app.fetch }).listen(0, '127.0.0.1');
  closers.push(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const api = auditFromApi(new AdminClient(`127.0.0.1:${port}`));
  const pages: number[] = [];
  for await (const page of auditPages(api, 0)) pages.push(page.lines.length);
  expect(pages).toEqual([1_000, 1_000, 500]);
  expect(served[1]).toBe('?after=1000&limit=1000');
  expect((await verifyAudit(api, head)).findings).toEqual([]);
});
