import type { RolloutStatus } from '../../core/status/status.ts';
import { mayAct } from '../state/person.ts';
import { confirm, type Question } from './confirm.tsx';
import { type Action, consequenceOf } from './consequence.ts';

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
  const { namespace, name } = rollout;
  return {
    title: `${title(action)} ${name}?`,
    consequence: consequenceOf(action, rollout),
    verb: `${title(action)} rollout`,
    tone: action === 'abort' ? 'danger' : 'plain',
    order: { kind: action, rollout: `${namespace}/${name}` },
  };
}

function title(action: Action): string {
  return action.charAt(0).toUpperCase() + action.slice(1);
}
