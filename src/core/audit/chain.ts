import { hash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** Something that a person or the loop did: who, what, why, by which evidence, and what it changed. */
export interface AuditAction {
  /** ms since the epoch. */
  readonly at: number;
  /** `penstock` for the loop, else who asked. */
  readonly actor: string;
  /** CamelCase: `RolledBack`, `AskedPause`, `SpecsInForce`. */
  readonly action: string;
  /** `Rollout/default/fraud-v2`, `Breaker/default/fraud`, `Penstock`. */
  readonly subject: string;
  readonly why: string;
  readonly evidence: unknown;
  readonly before: unknown;
  readonly after: unknown;
}

/** An action in its place in the chain. */
export interface AuditEntry extends AuditAction {
  /** From 1, without a gap. */
  readonly seq: number;
  /** The hash of the entry before; of the first entry, 64 zeros. */
  readonly previous: string;
  /** SHA-256 of the canonical JSON of all the other fields, hex. */
  readonly hash: string;
}

/** The newest entry of a chain: who keeps it elsewhere can tell later that nothing before it was changed. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** The head of a chain without entries. */
export const EMPTY_CHAIN: ChainHead = { seq: 0, hash: '0'.repeat(64) };

/** The entries that follow `head`, in the order of the actions. */
export function appendActions(head: ChainHead, actions: readonly AuditAction[]): readonly AuditEntry[] {
  const entries: AuditEntry[] = [];
  let last = head;
  for (const { at, actor, action, subject, why, evidence, before, after } of actions) {
    const content = {
      ...{ at, actor, action, subject, why },
      evidence: evidence ?? null,
      before: before ?? null,
      after: after ?? null,
      seq: last.seq + 1,
      previous: last.hash,
    };
    const entry = { ...content, hash: hashOf(content) };
    entries.push(entry);
    last = entry;
  }
  return entries;
}

/** The hash that an entry must have by its content. */
export function hashOf(content: Omit<AuditEntry, 'hash'>): string {
  return hash('sha256', canonicalJson(content));
}

/** An entry as one line: what is stored and exported. */
export function entryLine(entry: AuditEntry): string {
  return canonicalJson(entry);
}
