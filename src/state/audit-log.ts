import type { DatabaseSync } from 'node:sqlite';
import {
  type AuditAction,
  appendActions,
  type ChainHead,
  EMPTY_CHAIN,
  entryLine,
} from '../core/audit/chain.ts';
import { pruning } from '../core/audit/retention.ts';

/** Some entries of the chain, as lines, and where the chain ends now. */
export interface AuditPage {
  readonly lines: readonly string[];
  readonly head: ChainHead;
}

/** Reads the chain; everything, or from an entry on. */
export interface AuditReader {
  /** At most `limit` entries after `seq`, in the order of the chain. */
  page(after: number, limit: number): AuditPage;
}

/** Writes the chain. Nothing in it is ever changed; what is past its retention is forgotten from its beginning. */
export interface AuditLog extends AuditReader {
  /** Within the caller's transaction, if there is one. */
  append(actions: readonly AuditAction[]): void;
  /**
   * Forgets the entries before the first that is not older than `beforeMs`, and says so in the chain.
   * @returns how many
   */
  prune(beforeMs: number, nowMs: number): number;
}

/** The chain in an opened database. */
export function auditLog(database: DatabaseSync): AuditLog {
  const reader = auditReader(database);
  const insert = database.prepare('INSERT INTO audit VALUES (?, ?)');
  const setHead = database.prepare('INSERT OR REPLACE INTO audit_head VALUES (1, ?, ?)');
  const firstKept = database.prepare(
    "SELECT seq FROM audit WHERE json_extract(entry, '$.at') >= ? ORDER BY seq LIMIT 1",
  );
  const remove = database.prepare('DELETE FROM audit WHERE seq <= ?');
  const append = (actions: readonly AuditAction[]): void => {
    const { head } = reader.page(0, 0);
    const entries = appendActions(head, actions);
    for (const entry of entries) insert.run(entry.seq, entryLine(entry));
    const last = entries.at(-1);
    if (last !== undefined) setHead.run(last.seq, last.hash);
  };
  return {
    ...reader,
    append,
    prune(beforeMs, nowMs) {
      const { head } = reader.page(0, 0);
      const through = Number(firstKept.get(beforeMs)?.seq ?? head.seq + 1) - 1;
      const [line] = reader.page(through - 1, 1).lines;
      if (line === undefined) return 0;
      const { seq, hash } = JSON.parse(line) as ChainHead;
      if (seq !== through) return 0;
      database.exec('BEGIN IMMEDIATE');
      try {
        append([pruning({ seq, hash }, beforeMs, nowMs)]);
        const { changes } = remove.run(through);
        database.exec('COMMIT');
        return Number(changes);
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
  };
}

/** The chain in a database that may have been opened for reading only. */
export function auditReader(database: DatabaseSync): AuditReader {
  const entries = database.prepare('SELECT entry FROM audit WHERE seq > ? ORDER BY seq LIMIT ?');
  const head = database.prepare('SELECT seq, hash FROM audit_head');
  return {
    page: (after, limit) => ({
      lines: (entries.all(after, limit) as { entry: string }[]).map(({ entry }) => entry),
      head: { ...((head.get() as ChainHead | undefined) ?? EMPTY_CHAIN) },
    }),
  };
}
