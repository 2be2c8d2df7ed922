import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DecisionRecord } from '../core/status/status.ts';
import { openStateStore, StateStoreError } from './state-store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'penstock-state-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const record = (id: number, subject = 'Rollout/default/fraud'): DecisionRecord => ({
  id,
  at: id * 1000,
  subject,
  service: 'default/fraud',
  reason: 'StepAdvanced',
  message: `step ${id}`,
  actor: 'penstock',
  evidence: { n: id },
  change: undefined,
  resources: [],
  acknowledged: undefined,
});

describe('the state store', () => {
  it('gives back after a restart what was saved, and forgets what was deleted', () => {
    const first = openStateStore(directory);
    first.save(
      new Map<string, unknown>([
        ['a', { x: 1 }],
        ['b', [2]],
      ]),
      [],
      1,
    );
    first.save(new Map<string, unknown>([['b', undefined]]), [record(1)], 2);
    first.close();
    const second = openStateStore(directory);
    expect(second.load()).toEqual(new Map([['a', { x: 1 }]]));
    expect(second.decisions({ limit: 10 }).map((r) => r.message)).toEqual(['step 1']);
    expect(second.lastDecisionId()).toBe(1);
    second.close();
  });

  it('saves all of a change or nothing', () => {
    const store = openStateStore(directory);
    store.save(new Map([['a', 1]]), [record(1)], 1);
    expect(() => store.save(new Map([['a', 2]]), [record(2), record(1)], 2)).toThrow(StateStoreError);
    expect(store.load().get('a')).toBe(1);
    expect(store.lastDecisionId()).toBe(1);
    store.close();
  });

  it('lists the newest records first, by subject or after an id', () => {
    const store = openStateStore(undefined);
    store.save(new Map(), [record(1), record(2, 'Breaker/default/fraud'), record(3), record(4)], 1);
    expect(store.decisions({ subject: 'Rollout/default/fraud', limit: 2 }).map((r) => r.id)).toEqual([4, 3]);
    expect(store.decisions({ after: 3, limit: 10 }).map((r) => r.id)).toEqual([4]);
    store.prune(3000);
    expect(store.decisions({ limit: 10 }).map((r) => r.id)).toEqual([4, 3]);
  });

  it('adds to a record who acknowledged it', () => {
    const store = openStateStore(undefined);
    store.save(new Map(), [record(1)], 1);
    store.acknowledge(1, { by: 2, of: 2, lastAt: 1007, laggards: [] });
    expect(store.decisions({ limit: 1 })[0]?.acknowledged).toEqual({
      by: 2,
      of: 2,
      lastAt: 1007,
      laggards: [],
    });
  });

  it('refuses a damaged file in one line and leaves it as it was', () => {
    const file = join(directory, 'penstock.db');
    writeFileSync(file, 'this is no database, but somebody may want it back');
    expect(() => openStateStore(directory)).toThrow(/penstock\.db: cannot be read .* nothing was changed/);
    expect(readFileSync(file, 'utf8')).toMatch(/somebody may want it back/);
  });

  it('refuses a directory that another process uses', () => {
    const holder = openStateStore(directory);
    holder.save(new Map([['a', 1]]), [], 1);
    expect(() => openStateStore(directory)).toThrow(/in use by another process/);
    holder.close();
  }, 10_000);

  it('says so when the directory cannot be made', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => openStateStore(join(directory, 'file', 'state'))).toThrow(/cannot be made.*--state DIR/);
  });
});
