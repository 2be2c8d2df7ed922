import type { RolloutStatus } from '../../core/status/status.ts';
import { formatWeight } from '../format.ts';

export type Action = 'promote' | 'pause' | 'resume' | 'abort' | 'retry';

/** What will happen if a person says yes: one or two sentences, with the weights that follow. */
export function consequenceOf(action: Action, rollout: RolloutStatus): string {
  const { service, stable, candidate, weight, step, steps } = rollout;
  const now = formatWeight(weight);
  switch (action) {
    case 'promote': {
      const next = steps[Math.min(step + 1, steps.length - 1)]?.weight ?? weight;
      return `${candidate} goes from ${now} to ${formatWeight(next)} at once, without waiting for time, traffic, gates or webhooks.`;
    }
    case 'pause':
      return `${candidate} keeps ${now} of the traffic until someone resumes.`;
    case 'resume':
      return `The gates decide again, from ${now} on.`;
    case 'abort':
      return `All traffic of ${service} goes back to ${stable} at once; ${candidate}, which has ${now} now, gets none.`;
    case 'retry':
      return `The rollout of ${candidate} starts again at its first step, ${formatWeight(steps[0]?.weight ?? 0)}.`;
  }
}
