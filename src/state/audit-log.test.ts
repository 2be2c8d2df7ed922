import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { action } from '../core/audit/audit-fixture.ts';
import { beginCheck, endCheck, verifyNext } from '../core/audit/verify.ts';
import type { DecisionRecord } from '../core/status/status.ts';
import type { AuditReader } from './audit-log.ts';
import { openAuditFile, openStateStore } from './state-store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'penstock-audit-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const record: DecisionRecord = {
  id: 7,
  at: 1000,
  subject: 'Rollout/default/fraud-v2',
  service: 'default/fraud',
  reason: 'RolledBack',
  message: 'p95 is over its bound',
  actor: 'penstock',
  evidence: [{ gate: 'p95', log10Evidence: 3.2 }],
  change: { before: { candidate: 25 }, after: { candidate: 0 } },
  resources: [{ type: 'RDS', name: 'default/fraud', version: 'ab' }],
  acknowledged: undefined,
};

function findings(reader: AuditReader): readonly string[] {
  const { lines, head } = reader.page(0, 1000);
  return endCheck(lines.reduce(verifyNext, beginCheck()), head).findings;
}

/** Writes to the closed file past Penstock. */
function tamper(sql: string): void {
  const database = new DatabaseSync(join(directory, 'penstock.db'));
  database.exec(sql);
  database.close();
}

function fill(actions: number): void {
  const store = openStateStore(directory);
  for (let number = 1; number <= actions; number++) store.audit.append([action(number)]);
  store.close();
}

function findingsOfFile(): readonly string[] {
  const file = openAuditFile(directory);
  try {
    return findings(file);
  } finally {
    file.close();
  }
}

describe('the audit in the database', () => {
  it('has every saved decision: who, what, why, evidence, before and after', () => {
    const store = openStateStore(undefined);
    store.save(new Map(), [record], 1);
    expect(JSON.parse(store.audit.page(0, 10).lines[0] ?? '')).toMatchObject({
      seq: 1,
      at: 1000,
      actor: 'penstock',
      action: 'RolledBack',
      subject: 'Rollout/default/fraud-v2',
      why: 'p95 is over its bound',
      evidence: { decision: 7, figures: record.evidence, resources: record.resources },
      before: { candidate: 25 },
      after: { candidate: 0 },
    });
    store.close();
  });

  it('takes a decision and its entry, or neither', () => {
    const store = openStateStore(directory);
    store.save(new Map(), [record], 1);
    expect(() => store.save(new Map(), [{ ...record, id: 8 }, record], 2)).toThrow();
    expect(store.audit.page(0, 10).head.seq).toBe(1);
    store.close();
    expect(findingsOfFile()).toEqual([]);
  });

  it('goes on over a restart', () => {
    fill(2);
    fill(2);
    expect(findingsOfFile()).toEqual([]);
    const file = openAuditFile(directory);
    expect(file.page(2, 10).lines).toHaveLength(2);
    expect(file.page(1, 1).lines).toHaveLength(1);
    file.close();
  });

  it.each([
    [
      'a changed row',
      "UPDATE audit SET entry = replace(entry, 'step 3', 'step 4') WHERE seq = 3",
      /^entry 3 .*was changed/,
    ],
    ['a removed row', 'DELETE FROM audit WHERE seq = 3', /^entry 3 is missing$/],
    ['a removed last row', 'DELETE FROM audit WHERE seq = 5', /^entry 5 is missing at the end$/],
  ])('betrays %s', (_, sql, finding) => {
    fill(5);
    tamper(sql);
    expect(findingsOfFile()).toEqual([expect.stringMatching(finding)]);
  });

  it('is still whole after retention, and betrays a prefix that was cut by hand', () => {
    fill(6);
    const store = openStateStore(directory);
    expect(store.audit.prune(action(4).at, 9_000)).toBe(3);
    expect(store.audit.prune(action(4).at, 9_001)).toBe(0);
    expect(findings(store.audit)).toEqual([]);
    expect(store.audit.page(0, 10).lines).toHaveLength(4);
    store.close();
    tamper('DELETE FROM audit WHERE seq = 4');
    expect(findingsOfFile()).toEqual([
      expect.stringMatching(/^entries 1 to 4 are missing, and no later entry/),
    ]);
  });

  it('can be pruned down to the entry that says so', () => {
    fill(3);
    const store = openStateStore(directory);
    expect(store.audit.prune(Number.MAX_SAFE_INTEGER / 4096, 5)).toBe(3);
    expect(findings(store.audit)).toEqual([]);
    store.close();
  });
});

describe('a file of schema version 1', () => {
  const VERSION_1 = `
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at INTEGER NOT NULL) STRICT;
    CREATE TABLE decisions (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, subject TEXT NOT NULL,
      service TEXT NOT NULL, reason TEXT NOT NULL, record TEXT NOT NULL, acknowledged TEXT) STRICT;
    CREATE INDEX decisions_by_subject ON decisions (subject, id);
    INSERT INTO meta VALUES ('schema', '1');
    INSERT INTO state VALUES ('switches', '{"frozen":true}', 1);`;

  it('keeps its state and begins a chain', () => {
    tamper(VERSION_1);
    const store = openStateStore(directory);
    expect(store.load().get('switches')).toEqual({ frozen: true });
    store.audit.append([action(1)]);
    store.close();
    expect(findingsOfFile()).toEqual([]);
  });

  it('is not changed by reading', () => {
    tamper(VERSION_1);
    expect(() => openAuditFile(directory)).toThrow(/an older Penstock wrote it, which kept no audit/);
    tamper("INSERT INTO meta VALUES ('still', 'version 1')");
  });
});

describe('an audit file', () => {
  it('is left to the Penstock that runs on it', () => {
    const store = openStateStore(directory);
    store.audit.append([action(1)]);
    expect(() => openAuditFile(directory)).toThrow(/in use by a running Penstock; leave --state out/);
    store.close();
  });

  it('has everything after a kill', () => {
    const module = new URL('./state-store.ts', import.meta.url).href;
    const program = `import { openStateStore } from ${JSON.stringify(module)};
      openStateStore(${JSON.stringify(directory)}).audit.append([${JSON.stringify(action(1))}]);
      process.kill(process.pid, 'SIGKILL');`;
    expect(spawnSync(process.execPath, ['--input-type=module', '-e', program]).signal).toBe('SIGKILL');
    expect(findingsOfFile()).toEqual([]);
    const file = openAuditFile(directory);
    expect(file.page(0, 10).lines).toHaveLength(1);
    file.close();
  });

  it('must be there', () => {
    expect(() => openAuditFile(join(directory, 'none'))).toThrow(/there is no such file/);
  });
});
