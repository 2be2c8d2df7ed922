import type { Acknowledgement } from '../../core/delta/facts.ts';
import type { ResourcePool } from '../../core/delta/pool.ts';
import type { ResourceKey } from '../../core/delta/resource.ts';
import type { Question } from './messages.ts';
import type { WorkerLink } from './worker-link.ts';

/** A question that nobody has asked for so long is forgotten. */
const KEPT_MS = 60_000;

interface Asked {
  readonly question: Question;
  readonly answers: Map<WorkerLink, Acknowledgement>;
  askedAt: number;
}

/**
 * Who has acknowledged what, joined from what the workers answer. They answer again whenever that changes, so that
 * it can be asked without waiting.
 */
export class JoinedAcknowledgements {
  readonly #pool: ResourcePool;
  readonly #workers: () => readonly WorkerLink[];
  readonly #asked = new Map<string, Asked>();
  readonly #byId = new Map<number, Asked>();
  #ids = 0;

  constructor(pool: ResourcePool, workers: () => readonly WorkerLink[]) {
    this.#pool = pool;
    this.#workers = workers;
  }

  /**
   * As `Engine` has it for one process. Until every worker has answered, everybody who is connected counts as one who
   * has not acknowledged: nothing is believed that was not told.
   */
  of(sequence: number, keys: Iterable<ResourceKey>, now: number): Acknowledgement {
    const asked = this.#ask(sequence, [...keys], now);
    if (!asked) return { of: 0, by: 0, lastAt: undefined, laggards: [], rejected: [] };
    const answers: Acknowledgement[] = [];
    for (const worker of this.#workers()) {
      const answer = asked.answers.get(worker);
      answers.push(answer ?? nobodyOf(worker));
    }
    return joined(answers);
  }

  /** These were published: what was asked of them before will be asked again, and is answered by then. */
  published(keys: readonly ResourceKey[], sequence: number, now: number): void {
    const changed = new Set(keys.map(textOf));
    for (const { question, askedAt } of [...this.#asked.values()]) {
      if (now - askedAt > KEPT_MS) this.#forget(question);
      else if (question.keys.some((key) => changed.has(textOf(key))))
        this.#ask(sequence, question.keys, askedAt);
    }
  }

  answered(worker: WorkerLink, id: number, acknowledgement: Acknowledgement): void {
    this.#byId.get(id)?.answers.set(worker, acknowledgement);
  }

  /** A worker that is new is asked everything. */
  joins(worker: WorkerLink): void {
    const questions = Array.from(this.#asked.values(), ({ question }) => question);
    if (questions.length > 0) worker.send({ type: 'ask', questions });
  }

  left(worker: WorkerLink): void {
    for (const { answers } of this.#asked.values()) answers.delete(worker);
  }

  #ask(sequence: number, keys: readonly ResourceKey[], now: number): Asked | undefined {
    // What has not changed since is asked as of its last change: the same question, whatever is published beside it.
    let needed = 0;
    for (const key of keys) needed = Math.max(needed, Math.min(sequence, this.#pool.changedAt(key) ?? 0));
    if (needed === 0) return undefined;
    const text = [needed, ...keys.map(textOf)].join('\n');
    const known = this.#asked.get(text);
    if (known) {
      known.askedAt = Math.max(known.askedAt, now);
      return known;
    }
    const named = keys.map(({ typeUrl, name }) => ({ typeUrl, name }));
    const question = { id: ++this.#ids, sequence: needed, keys: named };
    const asked = { question, answers: new Map(), askedAt: now };
    this.#asked.set(text, asked);
    this.#byId.set(question.id, asked);
    for (const worker of this.#workers()) worker.send({ type: 'ask', questions: [question] });
    return asked;
  }

  #forget({ id, sequence, keys }: Question): void {
    this.#byId.delete(id);
    this.#asked.delete([sequence, ...keys.map(textOf)].join('\n'));
    for (const worker of this.#workers()) worker.send({ type: 'forget', ids: [id] });
  }
}

function textOf({ typeUrl, name }: ResourceKey): string {
  return `${typeUrl} ${name}`;
}

function nobodyOf({ streams }: WorkerLink): Acknowledgement {
  const laggards = Array.from(streams.values(), ({ node }) => node.id);
  return { of: laggards.length, by: 0, lastAt: undefined, laggards, rejected: [] };
}

function joined(answers: readonly Acknowledgement[]): Acknowledgement {
  return {
    of: answers.reduce((sum, answer) => sum + answer.of, 0),
    by: answers.reduce((sum, answer) => sum + answer.by, 0),
    lastAt: answers.reduce<number | undefined>((last, { lastAt }) => later(last, lastAt), undefined),
    laggards: [...new Set(answers.flatMap(({ laggards }) => laggards))],
    rejected: answers.flatMap(({ rejected }) => rejected),
  };
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}
