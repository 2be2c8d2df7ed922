import type { AuditAction, AuditEntry, ChainHead } from './chain.ts';

const PRUNED = 'AuditPruned';

/**
 * The action that stands for a pruned prefix. It is itself in the chain: the prefix can be forgotten and what is left
 * is still verifiable, for its first entry must follow the one that this names.
 * @param through the last entry of the prefix
 */
export function pruning(through: ChainHead, beforeMs: number, atMs: number): AuditAction {
  return {
    at: atMs,
    actor: 'penstock',
    action: PRUNED,
    subject: 'Audit',
    why: `entries older than ${new Date(beforeMs).toISOString()} are past their retention`,
    evidence: { through: through.seq, hash: through.hash },
    before: null,
    after: null,
  };
}

/** The end of the prefix whose pruning the entry stands for; undefined for every other entry. */
export function prunedThrough({ action, evidence }: AuditEntry): ChainHead | undefined {
  if (action !== PRUNED || typeof evidence !== 'object' || evidence === null) return undefined;
  const { through, hash } = evidence as { through?: unknown; hash?: unknown };
  return typeof through === 'number' && typeof hash === 'string' ? { seq: through, hash } : undefined;
}
