import type { ModelRollout } from '../core/api/model-rollout.ts';
import { mergeObservations } from '../core/observation/merge.ts';
import type { ServiceObservation } from '../core/observation/observation.ts';
import { isTrouble } from '../core/signals/trouble.ts';

/** A look may come a little early rather than a whole tick late. */
const EARLY_MS = 20;

interface Waiting {
  /** Seen since the last look. */
  readonly observation: ServiceObservation | undefined;
  readonly lastLookMs: number;
}

/** Lets each rollout look at its own interval, with everything that was seen since its previous look. */
export class RolloutCadence {
  readonly #waiting = new Map<string, Waiting>();

  /**
   * What the rollout of a service has to look at now; a candidate that fails much does not wait for its interval.
   * @param hurry something was asked: look now
   * @returns undefined while its interval is not over
   */
  due(
    service: string,
    rollout: ModelRollout | undefined,
    observation: ServiceObservation,
    hurry: boolean,
    nowMs: number,
  ): ServiceObservation | undefined {
    if (rollout === undefined) {
      this.#waiting.delete(service);
      return undefined;
    }
    const before = this.#waiting.get(service);
    const seen =
      before?.observation === undefined ? observation : mergeObservations(before.observation, observation);
    const elapsedMs = before === undefined ? Number.POSITIVE_INFINITY : Math.abs(nowMs - before.lastLookMs);
    const { analysis, candidate } = rollout.spec;
    const due = hurry || fails(seen, candidate) || elapsedMs + EARLY_MS >= analysis.interval;
    this.#waiting.set(service, {
      observation: due ? undefined : seen,
      lastLookMs: due ? nowMs : (before?.lastLookMs ?? nowMs),
    });
    return due ? seen : undefined;
  }
}

function fails({ versions }: ServiceObservation, candidate: string): boolean {
  const requests = versions.get(candidate)?.requests;
  return requests?.kind === 'value' && isTrouble(requests.value.failures, requests.value.requests);
}
