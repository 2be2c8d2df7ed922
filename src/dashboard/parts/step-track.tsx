import type { RolloutStatus } from '../../core/status/status.ts';
import { formatDuration, formatWeight } from '../format.ts';
import { isUnderWay, rolloutTone, words } from './tone.ts';

/** The steps as a track: what is behind, where it stands, what is ahead. */
export function StepTrack({
  rollout,
  compact = false,
}: {
  readonly rollout: RolloutStatus;
  readonly compact?: boolean;
}) {
  const tone = rolloutTone(rollout.phase);
  const done = rollout.phase === 'Completed' || rollout.phase === 'Baking';
  return (
    <ol class={`track tone-${tone} ${compact ? 'track-compact' : ''}`} aria-label="Steps">
      {rollout.steps.map(({ weight, pauseMs }, index) => {
        const state = done || index < rollout.step ? 'done' : index === rollout.step ? 'now' : 'ahead';
        const failed = state === 'now' && tone === 'bad';
        return (
          <li
            key={index.toString()}
            class={`step step-${failed ? 'failed' : state}`}
            aria-current={state === 'now' && isUnderWay(rollout.phase) ? 'step' : undefined}
          >
            <span class="step-bar" aria-hidden="true">
              <i style={{ width: `${100 * progress(rollout, state)}%` }} />
            </span>
            <span class="step-label">
              <b>{formatWeight(weight)}</b>
              {!compact && <small>{failed ? words(rollout.phase) : describe(state, pauseMs)}</small>}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function describe(state: 'done' | 'now' | 'ahead', pauseMs: number | undefined): string {
  if (state === 'done') return 'passed';
  if (state === 'now') return 'now';
  return pauseMs === undefined ? 'ahead' : `then ${formatDuration(pauseMs)}`;
}

/** How much of the step's bar is filled: by the requests that its certificate needs. */
function progress({ requests }: RolloutStatus, state: 'done' | 'now' | 'ahead'): number {
  if (state !== 'now') return state === 'done' ? 1 : 0;
  return requests && requests.needed > 0 ? Math.min(1, requests.seen / requests.needed) : 1;
}
