import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { restoredMemory, savedMemory } from '../../src/controller/saved-memory.ts';
import { NO_DECISIONS } from '../../src/core/assemble/decisions.ts';
import { decisionsFromJson, decisionsToJson } from '../../src/core/assemble/decisions-json.ts';
import { chainOf } from '../../src/core/audit/audit-fixture.ts';
import { entryLine } from '../../src/core/audit/chain.ts';
import { beginCheck, endCheck, verifyNext } from '../../src/core/audit/verify.ts';
import { restoredDecisions } from '../../src/core/decide/restored-decisions.ts';
import { restoredState, savedState } from '../../src/core/decide/saved-state.ts';
import { LIVED_STATE } from '../../src/core/decide/saved-state-fixture.ts';
import { NEW_SERVICE_STATE } from '../../src/core/decide/service-look.ts';
import { openStateStore } from '../../src/state/state-store.ts';
import { jsonOf, promise, type Target, texts } from '../target.ts';

const CHAIN = chainOf(3).map(entryLine);
const DECISIONS = decisionsToJson({
  ...NO_DECISIONS,
  weights: [
    { version: 'v1', weight: 9_000 },
    { version: 'v2', weight: 1_000 },
  ],
  admitted: 5_000,
  endpointFactors: new Map([['v1', new Map([['10.0.0.1:9000', 0.5]])]]),
  limitRates: new Map([['free', 10]]),
  limitShares: new Map([['free', { 'sidecar-1': 5 }]]),
});
const ENDPOINT = { address: '10.0.0.1', port: 9000, weight: 1, zone: 'a' };
const MEMORY = Object.fromEntries(
  savedMemory({
    states: new Map([['default/fraud', LIVED_STATE]]),
    discovered: new Map([
      ['default/fraud', { v1: [{ ...ENDPOINT, priority: 0, backup: false, health: 'healthy' }] }],
    ]),
    switches: { frozen: false, baseline: false },
  }),
);

/** What a start does with what it finds. */
function restore(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const { states } = restoredMemory(new Map(Object.entries(value)), () => {});
  for (const state of states.values()) restoredDecisions(state);
}

/** A chain whose last entry was not ours is betrayed. */
function verify(bytes: Buffer): void {
  const lines = bytes.toString().split('\n');
  const last = chainOf(3).at(-1);
  const report = endCheck(lines.reduce(verifyNext, beginCheck()), last && { seq: last.seq, hash: last.hash });
  const isOurs = lines.join('\n') === CHAIN.join('\n');
  promise(isOurs === (report.findings.length === 0), 'a chain that was changed is betrayed');
}

const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const DATABASE = databaseOf();

/** The file of a control plane that has decided something. */
function databaseOf(): Buffer {
  const folder = mkdtempSync(join(FOLDER, 'penstock-fuzz-'));
  try {
    const store = openStateStore(folder);
    store.save(new Map(Object.entries(MEMORY)), [], 1);
    store.close();
    return readFileSync(join(folder, 'penstock.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The database with some bytes changed: each five of the input are a place and a value. */
function openDamaged(edits: Buffer): void {
  const bytes = Buffer.from(DATABASE);
  for (let at = 0; at + 5 <= edits.length; at += 5)
    bytes[edits.readUInt32LE(at) % bytes.length] = edits[at + 4] ?? 0;
  const folder = mkdtempSync(join(FOLDER, 'penstock-fuzz-'));
  try {
    writeFileSync(join(folder, 'penstock.db'), bytes);
    const store = openStateStore(folder);
    try {
      restore(Object.fromEntries(store.load()));
      store.lastDecisionId();
    } finally {
      store.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a start reads of what an earlier one wrote. */
export const STATE_TARGETS: readonly Target[] = [
  {
    name: 'audit-lines',
    seeds: texts(CHAIN.join('\n')),
    read: verify,
    refuses: [],
  },
  {
    name: 'saved-state',
    seeds: texts(JSON.stringify(savedState(NEW_SERVICE_STATE)), JSON.stringify(savedState(LIVED_STATE))),
    isJson: true,
    read: (bytes) => void restoredDecisions(restoredState(jsonOf(bytes)).state),
    refuses: ['NoJson'],
  },
  {
    name: 'saved-memory',
    seeds: texts(JSON.stringify(MEMORY)),
    isJson: true,
    read: (bytes) => restore(jsonOf(bytes)),
    refuses: ['NoJson'],
  },
  {
    name: 'decisions-of-another-replica',
    seeds: texts(JSON.stringify(DECISIONS)),
    isJson: true,
    read: (bytes) => void decisionsFromJson(jsonOf(bytes)),
    refuses: ['NoJson'],
  },
  {
    name: 'state-database',
    // They put what is there already: the first letters of the file.
    seeds: [Buffer.from([0, 0, 0, 0, 0x53]), Buffer.from([0, 0, 0, 0, 0x53, 1, 0, 0, 0, 0x51])],
    read: openDamaged,
    refuses: ['StateStoreError'],
  },
];
