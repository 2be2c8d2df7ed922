import type { ModelRollout } from '../core/api/model-rollout.ts';
import { questionsOf } from '../core/decide/confirmation.ts';
import type { Answer, RolloutDecision } from '../core/policy/rollout/decision.ts';
import type { Note } from './command-desk.ts';
import type { Confirmer } from './ports.ts';

const REASONS = { yes: 'Confirmed', no: 'Refused' } as const;

/** Has those asked who must agree before a rollout goes on, and notes what they said. */
export class ConfirmationDesk {
  readonly #confirmer: Confirmer;

  constructor(confirmer: Confirmer) {
    this.#confirmer = confirmer;
  }

  /** The answers so far to what a service's rollout asks, by key. */
  answers(service: string): ReadonlyMap<string, Answer> {
    return this.#confirmer.answers(service);
  }

  /** After a look: asks what is still asked; a rollout whose turn it was not goes on asking what it asked. */
  follow(
    service: string,
    rollout: ModelRollout | undefined,
    decision: RolloutDecision | undefined,
    nowMs: number,
  ): void {
    if (rollout === undefined) this.#confirmer.ask(service, [], nowMs);
    else if (decision !== undefined)
      this.#confirmer.ask(service, questionsOf(rollout, decision, nowMs), nowMs);
  }

  /** Nothing is asked any more of a service that is gone. */
  forget(service: string): void {
    this.#confirmer.ask(service, [], 0);
  }

  /** What receivers said since the last call. */
  notes(nowMs: number): readonly Note[] {
    return this.#confirmer.news().map(({ rollout, receiver, answer, message }) => ({
      at: nowMs,
      subject: `Rollout/${rollout}`,
      reason: answer === undefined ? 'ConfirmationFailed' : REASONS[answer],
      message,
      actor: receiver,
      evidence: null,
      change: undefined,
    }));
  }
}
