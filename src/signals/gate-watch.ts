import type { Reading } from '../core/observation/reading.ts';
import { readNumber } from '../core/signals/answer.ts';
import type { GateQuestion } from '../core/signals/gate.ts';
import type { PrometheusLink } from './prometheus-link.ts';
import type { Task } from './schedule.ts';

/** No scrape is faster; a gate that is looked at more often sees the same. */
const FASTEST_POLL_MS = 1_000;

/** Without an answer for so many intervals the last one is stale. */
const FRESH_INTERVALS = 3;

interface Watched {
  question: GateQuestion;
  answer: Reading<number> | undefined;
  answeredAt: number;
  failure: string | undefined;
}

/** Asks the questions of the Query gates and keeps their newest answers. */
export class GateWatch {
  readonly #link: PrometheusLink;
  readonly #watched = new Map<string, Watched>();

  constructor(link: PrometheusLink) {
    this.#link = link;
  }

  /** What is to be done, again and again, for these questions; others are forgotten. */
  tasks(questions: readonly GateQuestion[]): readonly Task[] {
    const ids = new Set(questions.map(idOf));
    for (const id of this.#watched.keys()) if (!ids.has(id)) this.#watched.delete(id);
    return questions.flatMap((question) => {
      const watched = this.#follow(question);
      if (!question.rendered.ok) return [];
      const { query } = question.rendered;
      return [
        {
          // Another query is another task: it is asked at once.
          key: `${describe(question)}: ${query}`,
          periodMs: () => Math.max(FASTEST_POLL_MS, question.intervalMs),
          run: (signal: AbortSignal) => this.#ask(watched, query, signal),
        },
      ];
    });
  }

  /** The newest answers for a service, by `ROLLOUT/GATE/VERSION`. */
  readings(service: string, nowMs: number): ReadonlyMap<string, Reading<number>> {
    const readings = new Map<string, Reading<number>>();
    for (const watched of this.#watched.values()) {
      if (watched.question.service === service) readings.set(watched.question.key, readingOf(watched, nowMs));
    }
    return readings;
  }

  #follow(question: GateQuestion): Watched {
    const id = idOf(question);
    const before = this.#watched.get(id);
    if (before && JSON.stringify(before.question.rendered) === JSON.stringify(question.rendered)) {
      before.question = question;
      return before;
    }
    const watched: Watched = { question, answer: undefined, answeredAt: 0, failure: undefined };
    this.#watched.set(id, watched);
    return watched;
  }

  async #ask(watched: Watched, query: string, signal: AbortSignal): Promise<void> {
    const failure = await this.#link.ask(describe(watched.question), signal, async (client, options) => {
      const answer = await client.queryInstant(query, options);
      watched.answeredAt = Date.now();
      watched.answer = readNumber(answer, watched.answeredAt);
    });
    watched.failure = failure?.message;
  }
}

function readingOf(watched: Watched, nowMs: number): Reading<number> {
  const { question, answer, answeredAt, failure } = watched;
  if (!question.rendered.ok) return { kind: 'missing', detail: question.rendered.problem };
  if (answer === undefined) return { kind: 'missing', detail: failure ?? 'not answered yet' };
  const freshMs = FRESH_INTERVALS * Math.max(FASTEST_POLL_MS, question.intervalMs);
  if (nowMs - answeredAt <= freshMs) return answer;
  return { kind: 'stale', lastAt: answeredAt, detail: failure ?? 'not answered any more' };
}

function idOf({ service, key }: GateQuestion): string {
  return `${service} ${key}`;
}

function describe({ service, key }: GateQuestion): string {
  return `query ${key} of ${service}`;
}
