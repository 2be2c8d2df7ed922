import { formatDuration } from '../format.ts';
import { mesh } from '../state/app-state.ts';
import { connection, serverNow } from '../state/connection.ts';
import { logout, mayAct, person } from '../state/person.ts';
import { type Route, route } from '../state/route.ts';
import { theme, toggleTheme } from '../state/theme.ts';
import { confirm } from './confirm.tsx';

const PLACES: readonly {
  readonly href: string;
  readonly label: string;
  readonly pages: readonly Route['page'][];
}[] = [
  { href: '#/', label: 'Mesh', pages: ['mesh', 'service'] },
  { href: '#/rollouts', label: 'Rollouts', pages: ['rollouts', 'rollout'] },
  { href: '#/decisions', label: 'Decisions', pages: ['decisions'] },
  { href: '#/sidecars', label: 'Sidecars', pages: ['sidecars'] },
];

/** Name, places, connection, and the switches over everything. */
export function TopBar() {
  return (
    <header class="top-bar">
      <a class="brand" href="#/">
        <img src="/icon.svg" alt="" width="24" height="24" />
        Penstock
      </a>
      <nav aria-label="Views">
        {PLACES.map(({ href, label, pages }) => (
          <a key={href} href={href} aria-current={pages.includes(route.value.page) ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <div class="top-right">
        <Connection />
        {mayAct('operator') && <FreezeButton />}
        <Account />
        <button
          type="button"
          class="quiet icon-button"
          onClick={toggleTheme}
          aria-label={`Show the ${theme.value === 'dark' ? 'light' : 'dark'} theme`}
        >
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <path
              d="M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.8v10.4A5.2 5.2 0 0 1 8 2.8Z"
              fill="currentColor"
            />
          </svg>
        </button>
      </div>
    </header>
  );
}

/** Who is logged in, where anybody has to be. */
function Account() {
  const known = person.value;
  if (known === undefined || known === 'stranger' || !known.authenticated) return null;
  return (
    <button type="button" class="quiet" onClick={logout} title={`${known.name} is ${known.role}`}>
      Log out {known.name}
    </button>
  );
}

function Connection() {
  const { state, since } = connection.value;
  const text = state === 'lost' ? `reconnecting, ${formatDuration(serverNow.value - since)}` : state;
  return (
    <span class={`connection connection-${state}`} role="status" aria-live="off" data-state={state}>
      <span class="dot" aria-hidden="true" />
      {text}
    </span>
  );
}

function FreezeButton() {
  const frozen = mesh.status.value?.frozen ?? false;
  return (
    <button
      type="button"
      class={frozen ? 'frozen' : ''}
      disabled={mesh.status.value === undefined}
      onClick={() =>
        confirm({
          title: frozen ? 'Unfreeze?' : 'Freeze everything?',
          consequence: frozen
            ? 'Rollouts, breakers and limits go on changing by themselves.'
            : 'Every automatic change is held: no step, no rollback, no breaker, until someone unfreezes.',
          verb: frozen ? 'Unfreeze' : 'Freeze',
          tone: frozen ? 'plain' : 'danger',
          order: { kind: 'freeze', on: !frozen },
        })
      }
    >
      {frozen ? 'Unfreeze' : 'Freeze'}
    </button>
  );
}
