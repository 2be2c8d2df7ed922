import { useEffect, useRef } from 'preact/hooks';
import { DecisionsPage } from './pages/decisions.tsx';
import { MeshPage } from './pages/mesh.tsx';
import { RolloutPage } from './pages/rollout.tsx';
import { RolloutsPage } from './pages/rollouts.tsx';
import { ServicePage } from './pages/service.tsx';
import { SidecarsPage } from './pages/sidecars.tsx';
import { Announcer } from './parts/announcer.tsx';
import { ConfirmDialog } from './parts/confirm.tsx';
import { Login } from './parts/login.tsx';
import { Notices } from './parts/notices.tsx';
import { TopBar } from './parts/top-bar.tsx';
import { mesh } from './state/app-state.ts';
import { person } from './state/person.ts';
import { type Route, route } from './state/route.ts';

/** The whole page. */
export function App() {
  const shown = route.value;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const address = JSON.stringify(shown);
  // A new view is announced by moving the focus to its heading, and seen from its top.
  useEffect(() => {
    const heading = main.current?.querySelector('h1');
    document.title = `${heading?.textContent ?? 'Penstock'} · Penstock`;
    if (!first.current) {
      scrollTo(0, 0);
      heading?.focus({ preventScroll: true });
    }
    first.current = false;
  }, [address]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.querySelector('h1')?.focus()}>
        Skip to the content
      </button>
      <TopBar />
      <main ref={main} id="main">
        <Notices />
        <Content shown={shown} />
      </main>
      <ConfirmDialog />
      <Announcer />
    </>
  );
}

function Content({ shown }: { readonly shown: Route }) {
  if (person.value === 'stranger') return <Login onDone={() => location.reload()} />;
  return mesh.status.value === undefined ? <Waiting /> : <Page shown={shown} />;
}

function Page({ shown }: { readonly shown: Route }) {
  switch (shown.page) {
    case 'mesh':
      return <MeshPage />;
    case 'service':
      return <ServicePage key={shown.key} name={shown.key} />;
    case 'rollouts':
      return <RolloutsPage />;
    case 'rollout':
      return <RolloutPage key={shown.key} name={shown.key} />;
    case 'decisions':
      return <DecisionsPage key={shown.search} search={shown.search} />;
    case 'sidecars':
      return <SidecarsPage />;
  }
}

function Waiting() {
  return (
    <>
      <h1 tabIndex={-1}>Mesh</h1>
      <p class="empty">Waiting for Penstock…</p>
    </>
  );
}
