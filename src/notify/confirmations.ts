import { joinAnswers, type Question, readAnswer } from '../core/decide/confirmation.ts';
import type { Pace } from '../core/notify/answer.ts';
import type { Answer } from '../core/policy/rollout/decision.ts';
import { hostOf } from './exchange.ts';
import { type Delivery, postHook } from './post-hook.ts';

/** After a no, or when nobody answered, the same is asked again after this long. */
const ASK_AGAIN_MS = 10_000;

/** What a receiver said, for the record. */
export interface ConfirmationNews {
  /** `NAMESPACE/NAME`. */
  readonly rollout: string;
  /** Who was asked. */
  readonly receiver: string;
  /** Undefined: no answer. */
  readonly answer: Answer | undefined;
  readonly message: string;
}

interface Asked {
  readonly question: Question;
  readonly givenUp: AbortController;
  answer: Answer | undefined;
  /** Undefined while it is under way. */
  endedAt: number | undefined;
  /** What was told of it last: the same is not told twice. */
  told: string;
}

export interface ConfirmationOptions {
  /** Called when there is an answer: a look should follow. */
  readonly onAnswer: () => void;
  readonly askAgainMs?: number;
  readonly pace?: Pace;
}

/**
 * Asks receivers whether rollouts may go on. Nothing is waited for: answers lie here until the loop looks. What
 * is asked no more is given up and forgotten, its answer too: a yes is for the moment it was asked for. Nothing
 * is saved, since a rollout asks again after a restart.
 */
export class Confirmations {
  readonly #options: ConfirmationOptions;
  /** By service, then by what is asked of whom. */
  readonly #asked = new Map<string, Map<string, Asked>>();
  #news: ConfirmationNews[] = [];

  constructor(options: ConfirmationOptions) {
    this.#options = options;
  }

  /** What a service's rollout asks at this look, and nothing else. */
  ask(service: string, questions: readonly Question[], nowMs: number): void {
    const before = this.#asked.get(service) ?? new Map<string, Asked>();
    const after = new Map<string, Asked>();
    for (const question of questions) {
      const id = JSON.stringify([question.rollout, question.key, question.hook]);
      after.set(id, this.#follow(before.get(id), question, nowMs));
    }
    for (const [id, { givenUp }] of before) if (!after.has(id)) givenUp.abort();
    if (after.size > 0) this.#asked.set(service, after);
    else this.#asked.delete(service);
  }

  /** The answers so far to what is asked of a service, by key. */
  answers(service: string): ReadonlyMap<string, Answer> {
    const asked = [...(this.#asked.get(service)?.values() ?? [])];
    const answers = new Map<string, Answer>();
    for (const [key, each] of Map.groupBy(asked, ({ question }) => question.key)) {
      const answer = joinAnswers(each.map((one) => one.answer));
      if (answer !== undefined) answers.set(key, answer);
    }
    return answers;
  }

  /** What receivers said since the last call. */
  news(): readonly ConfirmationNews[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  /** Gives up what is under way. */
  close(): void {
    for (const each of this.#asked.values()) for (const { givenUp } of each.values()) givenUp.abort();
    this.#asked.clear();
  }

  #follow(before: Asked | undefined, question: Question, nowMs: number): Asked {
    if (before === undefined) {
      const asked: Asked = {
        question,
        givenUp: new AbortController(),
        answer: undefined,
        endedAt: undefined,
        told: '',
      };
      void this.#post(asked);
      return asked;
    }
    const restMs = this.#options.askAgainMs ?? ASK_AGAIN_MS;
    const { endedAt } = before;
    const isDue = endedAt !== undefined && Math.abs(nowMs - endedAt) >= restMs;
    if (before.answer === 'yes' || !isDue) return before;
    // The answer stands until the next one is there.
    const again: Asked = { ...before, question, givenUp: new AbortController(), endedAt: undefined };
    void this.#post(again);
    return again;
  }

  async #post(asked: Asked): Promise<void> {
    const { hook, payload } = asked.question;
    const { signal } = asked.givenUp;
    const delivery = await postHook(hook, JSON.stringify(payload), signal, this.#options.pace);
    if (signal.aborted) return;
    asked.endedAt = Date.now();
    asked.answer = delivery.kind === 'answer' ? readAnswer(delivery.status, delivery.body) : undefined;
    this.#tell(asked, delivery);
    if (asked.answer !== undefined) this.#options.onAnswer();
  }

  #tell(asked: Asked, delivery: Delivery): void {
    const { type, rollout, hook } = asked.question;
    const receiver = hostOf(hook.url);
    const said =
      delivery.kind === 'failure' ? delivery.message : `${receiver}: it answers ${delivery.status}`;
    const meaning = { yes: 'confirmed', no: 'refused' } as const;
    const message =
      asked.answer === undefined
        ? `${type} has no answer yet; ${said}`
        : `${receiver} ${meaning[asked.answer]} ${type} (${delivery.kind === 'answer' ? delivery.status : ''})`;
    if (message === asked.told) return;
    asked.told = message;
    this.#news.push({ rollout, receiver, answer: asked.answer, message });
  }
}
