import { type AuditAction, type AuditEntry, appendActions, EMPTY_CHAIN } from './chain.ts';

/** An action that differs from the others by its number. */
export function action(number: number): AuditAction {
  return {
    at: Date.UTC(2026, 0, 1) + number * 1000,
    actor: number % 2 === 0 ? 'penstock' : 'ada (127.0.0.1)',
    action: 'StepAdvanced',
    subject: 'Rollout/default/fraud-v2',
    why: `step ${number}`,
    evidence: { requests: number, ratio: 0.1 * number },
    before: { candidate: number },
    after: { candidate: number + 1 },
  };
}

/** A sound chain of so many entries. */
export function chainOf(length: number): readonly AuditEntry[] {
  return appendActions(
    EMPTY_CHAIN,
    Array.from({ length }, (_, index) => action(index + 1)),
  );
}
