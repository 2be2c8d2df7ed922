import type { ComponentChildren } from 'preact';
import { mesh } from '../state/app-state.ts';
import { connection } from '../state/connection.ts';
import { ToneIcon } from './chip.tsx';
import { confirm } from './confirm.tsx';
import type { Tone } from './tone.ts';

/** What must be known on every view: the connection is lost, everything is frozen, a file is not in force. */
export function Notices() {
  const status = mesh.status.value;
  const leave = () =>
    confirm({
      title: 'Leave the baseline?',
      consequence: 'Decided weights, breakers and limits are put in force again on every sidecar.',
      verb: 'Leave the baseline',
      tone: 'plain',
      order: { kind: 'baseline', on: false },
    });
  return (
    <div class="notices">
      {connection.value.state === 'lost' && (
        <Notice tone="warn">
          No connection to Penstock: what is shown is the last that was known. Traffic goes on as it was.
        </Notice>
      )}
      {status?.frozen && <Notice tone="warn">Frozen: every automatic change is held.</Notice>}
      {status?.baseline && (
        <Notice tone="warn">
          Baseline: every sidecar is on the static values of the specs.{' '}
          <button type="button" class="link" onClick={leave}>
            Leave the baseline
          </button>
        </Notice>
      )}
      {status?.specs.problems.map((text) => (
        <Notice key={text} tone="bad">
          Not in force, the last good configuration is: {text}
        </Notice>
      ))}
      {status?.prometheus && !status.prometheus.reachable && (
        <Notice tone="bad">
          Prometheus at {status.prometheus.url} does not answer
          {status.prometheus.error ? `: ${status.prometheus.error}` : ''}
        </Notice>
      )}
    </div>
  );
}

function Notice({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return (
    <p class={`notice notice-${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <ToneIcon tone={tone} />
      <span>{children}</span>
    </p>
  );
}
