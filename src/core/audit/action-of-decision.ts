import type { DecisionRecord } from '../status/status.ts';
import type { AuditAction } from './chain.ts';

/** A decision as it is audited: with its number, and the configuration that came of it. */
export function actionOfDecision(record: DecisionRecord): AuditAction {
  const { id, at, actor, reason, subject, message, evidence, resources, change } = record;
  return {
    at,
    actor,
    action: reason,
    subject,
    why: message,
    evidence: { decision: id, figures: evidence ?? null, resources },
    before: change?.before,
    after: change?.after,
  };
}
