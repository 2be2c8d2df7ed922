import type { AuditPage } from '../../src/admin/control-plane.ts';
import { actionOfDecision } from '../../src/core/audit/action-of-decision.ts';
import { appendActions, EMPTY_CHAIN, entryLine } from '../../src/core/audit/chain.ts';
import type { DecisionRecord } from '../../src/core/status/status.ts';

/** The audit that these decisions, newest first, would have left. */
export function sampleAudit(decisions: readonly DecisionRecord[], after: number, limit: number): AuditPage {
  const entries = appendActions(EMPTY_CHAIN, decisions.toReversed().map(actionOfDecision));
  return { lines: entries.slice(after, after + limit).map(entryLine), head: entries.at(-1) ?? EMPTY_CHAIN };
}
