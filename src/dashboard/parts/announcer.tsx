import { useEffect, useRef, useState } from 'preact/hooks';
import { mesh } from '../state/app-state.ts';
import { connection } from '../state/connection.ts';
import { words } from './tone.ts';

/** Tells screen readers of new decisions and of the connection, politely. Shows nothing. */
export function Announcer() {
  const [newest] = mesh.decisions.value;
  const state = connection.value.state;
  const known = useRef<number | undefined>(undefined);
  const [said, say] = useState('');
  useEffect(() => {
    // What was decided before the page was opened is no news.
    if (newest && known.current !== undefined && newest.id > known.current)
      say(`${words(newest.reason)}: ${newest.subject}. ${newest.message}`);
    if (newest) known.current = newest.id;
  }, [newest]);
  useEffect(() => {
    if (state === 'lost') say('Connection lost, trying again');
  }, [state]);
  return (
    <div class="visually-hidden" aria-live="polite">
      {said}
    </div>
  );
}
