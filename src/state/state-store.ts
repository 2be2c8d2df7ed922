import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { actionOfDecision } from '../core/audit/action-of-decision.ts';
import type { DecisionRecord } from '../core/status/status.ts';
import { type AuditLog, type AuditReader, auditLog, auditReader } from './audit-log.ts';
import { migrate, SCHEMA_VERSION } from './schema.ts';

/** The state directory cannot be used; `message` is one line with the place and the remedy. */
export class StateStoreError extends Error {
  override readonly name = 'StateStoreError';
}

/** Which records to list, newest first; a field left out does not restrict. */
export interface DecisionFilter {
  readonly subject?: string;
  readonly service?: string;
  readonly reason?: string;
  /** Only records with a smaller id. */
  readonly before?: number;
  /** Only records with a larger id. */
  readonly after?: number;
  readonly limit: number;
}

/**
 * What must survive a restart: the state of every policy by key, and the record of decisions. One SQLite
 * file, one writer. Nothing is ever overwritten that could not be read: a damaged file stops the start.
 */
export interface StateStore {
  /** Who did what, chained: every saved record, and what is appended to it beside them. */
  readonly audit: AuditLog;
  load(): ReadonlyMap<string, unknown>;
  /** Writes all given keys and records, or none of them. `undefined` deletes a key. */
  save(changes: ReadonlyMap<string, unknown>, records: readonly DecisionRecord[], nowMs: number): void;
  /** Adds to a record who has acknowledged what it configured. */
  acknowledge(id: number, acknowledged: NonNullable<DecisionRecord['acknowledged']>): void;
  decisions(filter: DecisionFilter): readonly DecisionRecord[];
  lastDecisionId(): number;
  /** Forgets records older than the given time. */
  prune(beforeMs: number): void;
  close(): void;
}

/**
 * Opens, or creates, `penstock.db` in the directory; without a directory everything is kept in memory.
 * @throws StateStoreError when the directory cannot be written, the file is damaged, is of a newer
 * version, or is in use by another process.
 */
export function openStateStore(directory: string | undefined): StateStore {
  const file = directory === undefined ? ':memory:' : join(directory, 'penstock.db');
  const { database, statements, audit } = openDatabase(directory, file);
  return {
    audit,
    load: () => reading(file, () => loadState(statements.load, file)),
    save(changes, records, nowMs) {
      database.exec('BEGIN IMMEDIATE');
      try {
        for (const [key, value] of changes) {
          if (value === undefined) statements.remove.run(key);
          else statements.put.run(key, JSON.stringify(value), nowMs);
        }
        for (const record of records) {
          statements.append.run(
            record.id,
            record.at,
            record.subject,
            record.service,
            record.reason,
            JSON.stringify(record),
          );
        }
        if (records.length > 0) audit.append(records.map(actionOfDecision));
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw new StateStoreError(`${file}: cannot be written: ${describe(error)}`, { cause: error });
      }
    },
    acknowledge: (id, acknowledged) => void statements.acknowledge.run(JSON.stringify(acknowledged), id),
    decisions: (filter) => listDecisions(statements.list, filter),
    lastDecisionId: () => reading(file, () => Number(statements.lastId.get()?.id ?? 0)),
    prune: (beforeMs) => void statements.prune.run(beforeMs),
    close: () => database.close(),
  };
}

function openDatabase(directory: string | undefined, file: string) {
  try {
    if (directory !== undefined) mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new StateStoreError(
      `${directory}: the state directory cannot be made: ${describe(error)}; name a writable one with --state DIR`,
    );
  }
  try {
    const database = new DatabaseSync(file, { timeout: 2000 });
    // One process decides: a second one on the same directory must fail at once, not interleave.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const check = database.prepare('PRAGMA quick_check(1)').get() as { quick_check?: string } | undefined;
    if (check?.quick_check !== 'ok') throw new Error(`integrity check: ${check?.quick_check ?? 'no answer'}`);
    refuseNewer(migrate(database), file);
    // Tables that lack what is read and written show here, not at the first look.
    return { database, statements: prepare(database), audit: auditLog(database) };
  } catch (error) {
    if (error instanceof StateStoreError) throw error;
    if (isLocked(error)) {
      throw new StateStoreError(
        `${file}: in use by another process; stop that one, or name another directory with --state DIR`,
      );
    }
    throw damaged(file, error);
  }
}

/** What a start reads. @throws StateStoreError where the file is damaged there */
function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof StateStoreError ? error : damaged(file, error);
  }
}

function damaged(file: string, error: unknown): StateStoreError {
  return new StateStoreError(
    `${file}: cannot be read as Penstock's state (${describe(error)}); nothing was changed: restore it from a backup, or move it away to start from the specs`,
    { cause: error },
  );
}

/** The chain in a state directory that no process uses, and how to let go of it. */
export interface AuditFile extends AuditReader {
  close(): void;
}

/**
 * Opens the chain of a state directory for reading; the file is not changed.
 * @throws StateStoreError when there is none, or a running Penstock holds it
 */
export function openAuditFile(directory: string): AuditFile {
  const file = join(directory, 'penstock.db');
  if (!existsSync(file))
    throw new StateStoreError(
      `${file}: there is no such file; name the directory that \`serve --state\` was given`,
    );
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 500 });
    const row = database.prepare("SELECT value FROM meta WHERE key = 'schema'").get();
    refuseNewer(Number(row?.value), file);
    if (Number(row?.value) < SCHEMA_VERSION)
      throw new StateStoreError(
        `${file}: an older Penstock wrote it, which kept no audit; \`serve\` begins one`,
      );
    return { ...auditReader(database), close: () => database.close() };
  } catch (error) {
    if (error instanceof StateStoreError) throw error;
    const remedy = isLocked(error)
      ? 'in use by a running Penstock; leave --state out to ask that one'
      : `cannot be read as Penstock's state (${describe(error)})`;
    throw new StateStoreError(`${file}: ${remedy}`, { cause: error });
  }
}

function refuseNewer(version: number, file: string): void {
  if (version <= SCHEMA_VERSION) return;
  throw new StateStoreError(
    `${file}: written by a newer Penstock (schema ${version}, this one knows ${SCHEMA_VERSION}); run that version, or move the file away`,
  );
}

function isLocked(error: unknown): boolean {
  return /locked|busy/i.test(describe(error));
}

function prepare(database: DatabaseSync) {
  return {
    load: database.prepare('SELECT key, value FROM state'),
    put: database.prepare(
      'INSERT INTO state VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at',
    ),
    remove: database.prepare('DELETE FROM state WHERE key = ?'),
    append: database.prepare('INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, NULL)'),
    acknowledge: database.prepare('UPDATE decisions SET acknowledged = ? WHERE id = ?'),
    list: database.prepare(
      `SELECT record, acknowledged FROM decisions
        WHERE id > :after AND id < :before AND (:subject IS NULL OR subject = :subject)
          AND (:service IS NULL OR service = :service) AND (:reason IS NULL OR reason = :reason)
        ORDER BY id DESC LIMIT :limit`,
    ),
    lastId: database.prepare('SELECT max(id) AS id FROM decisions'),
    prune: database.prepare('DELETE FROM decisions WHERE at < ?'),
  };
}

function loadState(statement: StatementSync, file: string): ReadonlyMap<string, unknown> {
  const state = new Map<string, unknown>();
  for (const row of statement.all() as { key: string; value: string }[]) {
    try {
      state.set(row.key, JSON.parse(row.value));
    } catch (error) {
      throw new StateStoreError(
        `${file}: the state of ${row.key} is damaged (${describe(error)}); nothing was changed: restore the file from a backup, or move it away to start from the specs`,
      );
    }
  }
  return state;
}

function listDecisions(statement: StatementSync, filter: DecisionFilter): readonly DecisionRecord[] {
  const rows = statement.all({
    after: filter.after ?? 0,
    before: filter.before ?? Number.MAX_SAFE_INTEGER,
    subject: filter.subject ?? null,
    service: filter.service ?? null,
    reason: filter.reason ?? null,
    limit: filter.limit,
  }) as { record: string; acknowledged: string | null }[];
  return rows.map((row) => {
    const record = JSON.parse(row.record) as DecisionRecord;
    if (row.acknowledged === null) return record;
    return { ...record, acknowledged: JSON.parse(row.acknowledged) as DecisionRecord['acknowledged'] };
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
