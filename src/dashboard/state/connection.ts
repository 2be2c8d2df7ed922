import { signal } from '@preact/signals';
import type { Change, Snapshot } from '../../admin/wire.ts';
import type { Mesh } from './mesh.ts';
import { recognise } from './person.ts';

/** The server sends a heartbeat every 10 s; after so much silence the connection is taken for dead. */
const SILENCE_MS = 25_000;
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 10_000;

/** `connecting` until the first event, `live`, `lost` while it tries again. */
export type ConnectionState = 'connecting' | 'live' | 'lost';

/** How far the server's clock is ahead of this one, ms. */
const clockOffset = signal(0);
/** This second by the server's clock; ages are told against it. */
export const serverNow = signal(Date.now());

export const connection = signal<{ readonly state: ConnectionState; readonly since: number }>({
  state: 'connecting',
  since: serverNow.peek(),
});

/** Follows the server's events for as long as the page lives. `onEvent` is called after each one is in. */
export function follow(mesh: Mesh, onEvent: () => void): void {
  let lastEventId: string | undefined;
  let retryMs = RETRY_MS;
  let silence: number | undefined;
  let source: EventSource | undefined;

  const reconnect = () => {
    source?.close();
    clearTimeout(silence);
    setState('lost');
    // Perhaps the session is over.
    void recognise();
    setTimeout(open, retryMs);
    retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 1.5);
  };
  const heard = (at: number) => {
    clearTimeout(silence);
    silence = window.setTimeout(reconnect, SILENCE_MS);
    retryMs = RETRY_MS;
    clockOffset.value = at - Date.now();
    setState('live');
  };
  const open = () => {
    source = new EventSource(
      `/api/v1/events${lastEventId ? `?lastEventId=${encodeURIComponent(lastEventId)}` : ''}`,
    );
    // Reconnecting by ourselves: browsers give up for good on an error status, as from a proxy.
    source.onerror = reconnect;
    const on = <Data extends { readonly at: number }>(name: string, apply: (data: Data) => void) =>
      source?.addEventListener(name, (event: MessageEvent<string>) => {
        const data = JSON.parse(event.data) as Data;
        apply(data);
        if (event.lastEventId) lastEventId = event.lastEventId;
        heard(data.at);
        onEvent();
      });
    on<Snapshot>('snapshot', (snapshot) => mesh.load(snapshot));
    on<Change>('change', (change) => mesh.change(change));
    on<{ readonly at: number }>('heartbeat', () => {});
  };
  open();
  setInterval(() => {
    serverNow.value = Date.now() + clockOffset.peek();
  }, 1_000);
}

function setState(state: ConnectionState): void {
  if (connection.peek().state !== state) connection.value = { state, since: serverNow.peek() };
}
