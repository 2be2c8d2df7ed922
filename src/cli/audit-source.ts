import type { ChainHead } from '../core/audit/chain.ts';
import { type AdminClient, AdminError } from './admin-client.ts';

/** Some entries of the chain, as lines, and where the chain ended when they were read. */
export interface AuditPage {
  readonly lines: readonly string[];
  readonly head: ChainHead;
}

/** Where the chain is read from. */
export interface AuditSource {
  /** At most `limit` entries after `seq`, oldest first. */
  page(after: number, limit: number): AuditPage | Promise<AuditPage>;
  close(): void;
}

/** The chain of a running control plane. */
export function auditFromApi(client: AdminClient): AuditSource {
  return {
    async page(after, limit) {
      const { text, headers } = await client.fetchText('audit', {
        after: String(after),
        limit: String(limit),
      });
      return { lines: text.split('\n').filter((line) => line !== ''), head: headOf(headers) };
    },
    close: () => {},
  };
}

/** All pages after an entry; the head of the last one belongs to what was read. */
export async function* auditPages(
  source: AuditSource,
  after: number,
  size = 1_000,
): AsyncGenerator<AuditPage> {
  for (let last = after; ; ) {
    const page = await source.page(last, size);
    yield page;
    if (page.lines.length < size) return;
    last = Math.max(last + 1, seqOf(page.lines.at(-1)) ?? last + size);
  }
}

function seqOf(line: string | undefined): number | undefined {
  try {
    const { seq } = JSON.parse(line ?? '') as { seq?: unknown };
    return typeof seq === 'number' ? seq : undefined;
  } catch {
    return undefined;
  }
}

function headOf(headers: Headers): ChainHead {
  const [, seq, hash] = /^(\d+):([0-9a-f]{64})$/.exec(headers.get('x-penstock-audit-head') ?? '') ?? [];
  if (seq === undefined || hash === undefined)
    throw new AdminError('the control plane does not tell where its audit ends; is it of another version?');
  return { seq: Number(seq), hash };
}
