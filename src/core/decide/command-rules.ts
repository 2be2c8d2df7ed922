import type { RolloutPhase } from '../policy/rollout/state.ts';

type Action = 'promote' | 'pause' | 'resume' | 'abort' | 'retry';

const OVER: readonly RolloutPhase[] = ['Completed', 'Superseded'];
const BACK: readonly RolloutPhase[] = ['RollingBack', 'RolledBack'];

/** Phases in which an action would do nothing, with what to do instead. */
const CONFLICTS: Readonly<
  Record<Action, { readonly phases: readonly RolloutPhase[]; readonly instead: string }>
> = {
  promote: { phases: [...OVER, ...BACK, 'Promoting', 'Baking'], instead: 'there is nothing left to promote' },
  pause: {
    phases: [...OVER, ...BACK, 'Promoting', 'Baking', 'Paused'],
    instead: 'there is nothing to pause',
  },
  resume: {
    phases: [...OVER, ...BACK, 'Pending', 'Warming', 'Progressing', 'Promoting', 'Baking'],
    instead: 'it is not held by anybody',
  },
  abort: {
    phases: ['Superseded', ...BACK],
    instead: 'all traffic is on its way to stable, or there already',
  },
  retry: {
    phases: [
      'Pending',
      'Warming',
      'Progressing',
      'Paused',
      'Frozen',
      'Holding',
      'Promoting',
      'Baking',
      'Completed',
      'RollingBack',
      'Superseded',
    ],
    instead: 'only a rolled-back rollout can be tried again',
  },
};

/** Why an action makes no sense in a phase; undefined where it does. */
export function commandConflict(action: Action, phase: RolloutPhase): string | undefined {
  const { phases, instead } = CONFLICTS[action];
  return phases.includes(phase) ? `the rollout is ${phase}: ${instead}` : undefined;
}
