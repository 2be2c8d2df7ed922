import type { StateSaver } from '../../controller/ports.ts';
import { NO_DECISIONS, type ServiceDecisions } from '../../core/assemble/decisions.ts';
import { decidesNothing, decisionsToJson } from '../../core/assemble/decisions-json.ts';
import type { SpecIndex } from '../../core/decide/spec-index.ts';
import type { DecisionRecord } from '../../core/status/status.ts';
import type { ClusterState, Urgency } from '../../kubernetes/cluster-state.ts';

/** Entries of the saved memory are named `service:default/fraud`, `endpoints:default/fraud` and `switches`. */
function subjectOf(key: string): string {
  return key.includes(':') ? key.slice(key.indexOf(':') + 1) : '';
}

/** What changes what the callers feel, and so is known to all replicas as soon as can be. */
function urgentPart({ weights, slices, admitted, mirror }: ServiceDecisions): string {
  return JSON.stringify([weights, slices, admitted, mirror]);
}

/**
 * Keeps in the cluster what the loop would keep in its database: what was decided at once, what it will decide by a few
 * seconds later. Services about which nothing is decided cost nothing.
 */
export class ClusterSaver implements StateSaver {
  readonly #next: StateSaver;
  readonly #onRecords: (records: readonly DecisionRecord[]) => void;
  readonly #memory = new Map<string, Record<string, unknown>>();
  readonly #kept = new Map<string, { readonly urgent: string; readonly text: string }>();
  #changed = new Set<string>();
  #concerned = new Set<string>();
  #lastId = 0;

  /**
   * @param next what else is done with what is saved
   * @param onRecords told of each record once
   */
  constructor(next: StateSaver, onRecords: (records: readonly DecisionRecord[]) => void) {
    this.#next = next;
    this.#onRecords = onRecords;
  }

  save(changes: ReadonlyMap<string, unknown>, records: readonly DecisionRecord[], nowMs: number): void {
    for (const [key, value] of changes) {
      const subject = subjectOf(key);
      const memory = this.#memory.get(subject) ?? {};
      if (value === undefined) delete memory[key];
      else memory[key] = value;
      this.#memory.set(subject, memory);
      this.#changed.add(subject);
    }
    for (const { service } of records) this.#concerned.add(service);
    const news = records.filter(({ id }) => id > this.#lastId);
    this.#lastId = news.at(-1)?.id ?? this.#lastId;
    if (news.length > 0) this.#onRecords(news);
    this.#next.save(changes, records, nowMs);
  }

  acknowledge(id: number, acknowledged: NonNullable<DecisionRecord['acknowledged']>): void {
    this.#next.acknowledge(id, acknowledged);
  }

  /** What is kept already, as a new leader found it. @returns the same by the keys of the loop's memory */
  begin(
    entries: readonly { readonly subject: string; readonly decisions: unknown; readonly memory: object }[],
  ) {
    this.#memory.clear();
    this.#kept.clear();
    this.#changed = new Set();
    this.#concerned = new Set();
    const saved = new Map<string, unknown>();
    for (const { subject, memory } of entries) {
      this.#memory.set(subject, { ...memory });
      for (const [key, value] of Object.entries(memory)) saved.set(key, value);
    }
    return saved;
  }

  /** Writes what the last look came to. @param term of our leadership */
  flush(
    state: ClusterState,
    specs: SpecIndex,
    decided: ReadonlyMap<string, ServiceDecisions>,
    term: number,
  ): void {
    const subjects = new Set([...this.#changed, ...this.#concerned]);
    for (const [subject, decisions] of decided)
      if (decisions !== NO_DECISIONS && !subjects.has(subject)) subjects.add(subject);
    for (const subject of subjects)
      this.#flush(state, specs, subject, decided.get(subject) ?? NO_DECISIONS, term);
    this.#changed = new Set();
    this.#concerned = new Set();
  }

  #flush(
    state: ClusterState,
    specs: SpecIndex,
    subject: string,
    decisions: ServiceDecisions,
    term: number,
  ): void {
    const memory = this.#memory.get(subject) ?? {};
    const known = this.#kept.get(subject);
    if (Object.keys(memory).length === 0) {
      if (known !== undefined) state.remove(subject);
      this.#kept.delete(subject);
      this.#memory.delete(subject);
      return;
    }
    const steered = specs.rollouts.has(subject) || specs.policies.has(subject);
    const worthKeeping = subject === '' || steered || known !== undefined || !decidesNothing(decisions);
    if (!worthKeeping) return;
    const json = decisionsToJson(decisions);
    const now = { urgent: urgentPart(decisions), text: JSON.stringify(json) };
    this.#kept.set(subject, now);
    const urgency = this.#urgency(subject, known, now);
    if (urgency !== undefined)
      state.write({ subject, decisions: json, memory: { ...memory } }, term, urgency);
  }

  #urgency(
    subject: string,
    known: { readonly urgent: string; readonly text: string } | undefined,
    now: { readonly urgent: string; readonly text: string },
  ): Urgency | undefined {
    if (this.#concerned.has(subject) || subject === '' || known?.urgent !== now.urgent) return 'now';
    if (known.text !== now.text) return 'soon';
    return this.#changed.has(subject) ? 'lazily' : undefined;
  }
}
