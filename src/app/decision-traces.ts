import type { DecisionRecord } from '../core/status/status.ts';
import { decisionSpan, type OtlpSpan, pushSpan } from '../core/trace/decision-spans.ts';

/** A little longer than the loop follows who acknowledged. */
const WAITED_MS = 35_000;
const NOBODY_YET = { by: 0, of: 0, lastAt: undefined, laggards: [] } as const;

type Acknowledged = NonNullable<DecisionRecord['acknowledged']>;

/** Makes spans of decisions, and of what came of them once the sidecars acknowledged or were given up. */
export class DecisionTraces {
  readonly #add: (span: OtlpSpan) => void;
  readonly #underway = new Map<number, { readonly record: DecisionRecord; acknowledged: Acknowledged }>();

  constructor(add: (span: OtlpSpan) => void) {
    this.#add = add;
  }

  decided(records: readonly DecisionRecord[], nowMs: number): void {
    for (const [id, { record, acknowledged }] of this.#underway) {
      if (nowMs - record.at < WAITED_MS) break;
      this.#underway.delete(id);
      if (acknowledged.of > 0) this.#add(pushSpan(record, acknowledged, nowMs));
    }
    for (const record of records) {
      this.#add(decisionSpan(record));
      if (record.resources.length > 0) this.#underway.set(record.id, { record, acknowledged: NOBODY_YET });
    }
  }

  acknowledged(id: number, acknowledged: Acknowledged): void {
    const underway = this.#underway.get(id);
    if (underway === undefined) return;
    underway.acknowledged = acknowledged;
    const { by, of, lastAt } = acknowledged;
    if (of === 0 || by < of || lastAt === undefined) return;
    this.#underway.delete(id);
    this.#add(pushSpan(underway.record, acknowledged, lastAt));
  }
}
