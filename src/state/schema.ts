import type { DatabaseSync } from 'node:sqlite';

/** The schema that this Penstock writes. */
export const SCHEMA_VERSION = 2;

/** Step N leads from version N to N + 1; a new file takes all of them. A step that is out is never changed. */
const STEPS: readonly string[] = [
  `CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at INTEGER NOT NULL) STRICT;
   CREATE TABLE decisions (
     id INTEGER PRIMARY KEY, at INTEGER NOT NULL, subject TEXT NOT NULL, service TEXT NOT NULL,
     reason TEXT NOT NULL, record TEXT NOT NULL, acknowledged TEXT
   ) STRICT;
   CREATE INDEX decisions_by_subject ON decisions (subject, id);`,
  `CREATE TABLE audit (seq INTEGER PRIMARY KEY, entry TEXT NOT NULL) STRICT;
   CREATE TABLE audit_head (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), seq INTEGER NOT NULL,
     hash TEXT NOT NULL) STRICT;`,
];

/**
 * Brings a file to this version's schema, all of it or nothing.
 * @returns the version that the file had: 0 for a new one, more than `SCHEMA_VERSION` for one that is left alone
 */
export function migrate(database: DatabaseSync): number {
  database.exec('CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT');
  const row = database.prepare("SELECT value FROM meta WHERE key = 'schema'").get();
  const version = Number(row?.value ?? 0);
  if (version >= SCHEMA_VERSION) return version;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of STEPS.slice(version)) database.exec(step);
    database.prepare("INSERT OR REPLACE INTO meta VALUES ('schema', ?)").run(String(SCHEMA_VERSION));
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  return version;
}
