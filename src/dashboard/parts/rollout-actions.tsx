import type { RolloutStatus } from '../../core/status/status.ts';
import { formatWeight } from '../format.ts';
import { mayAct } from '../state/person.ts';
import { confirm, type Question } from './confirm.tsx';

type Action = 'promote' | 'pause' | 'resume' | 'abort' | 'retry';

/** What may be done in which phase; the server has the last word. */
const ALLOWED: Readonly<Record<Action, (phase: RolloutStatus['phase']) => boolean>> = {
  promote: (phase) => !['Completed', 'Baking', 'RollingBack', 'RolledBack', 'Superseded'].includes(phase),
  pause: (phase) => ['Pending', 'Warming', 'Progressing', 'Holding', 'Promoting', 'Frozen'].includes(phase),
  resume: (phase) => phase === 'Paused' || phase === 'Frozen',
  abort: (phase) => !['Completed', 'RollingBack', 'RolledBack', 'Superseded'].includes(phase),
  retry: (phase) => phase === 'RolledBack',
};

/** The buttons of a rollout; each asks before anything happens. */
export function RolloutActions({ rollout }: { readonly rollout: RolloutStatus }) {
  if (!mayAct('operator')) return null;
  const shown = (Object.keys(ALLOWED) as Action[]).filter((action) => ALLOWED[action](rollout.phase));
  return (
    <fieldset class="actions">
      <legend class="visually-hidden">Actions</legend>
      {shown.map((action) => (
        <button
          key={action}
          type="button"
          class={action === 'abort' ? 'danger' : ''}
          onClick={() => confirm(questionOf(action, rollout))}
        >
          {title(action)}
        </button>
      ))}
    </fieldset>
  );
}

function questionOf(action: Action, rollout: RolloutStatus): Question {
  const { namespace, name, service, stable, candidate, weight, steps } = rollout;
  const consequences: Readonly<Record<Action, string>> = {
    promote: `All traffic of ${service} goes to ${candidate} at once, past the steps and gates that are left. Now it gets ${formatWeight(weight)}.`,
    pause: `${candidate} keeps ${formatWeight(weight)} of the traffic until someone resumes.`,
    resume: `The gates decide again, from ${formatWeight(weight)} on.`,
    abort: `All traffic of ${service} goes back to ${stable} at once; ${candidate}, which has ${formatWeight(weight)} now, gets none.`,
    retry: `The rollout of ${candidate} starts again at its first step, ${formatWeight(steps[0]?.weight ?? 0)}.`,
  };
  return {
    title: `${title(action)} ${name}?`,
    consequence: consequences[action],
    verb: `${title(action)} rollout`,
    tone: action === 'abort' ? 'danger' : 'plain',
    order: { kind: action, rollout: `${namespace}/${name}` },
  };
}

function title(action: Action): string {
  return action.charAt(0).toUpperCase() + action.slice(1);
}
