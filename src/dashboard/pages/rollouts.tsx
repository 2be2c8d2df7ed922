import { formatAge, formatWeight } from '../format.ts';
import { Chip } from '../parts/chip.tsx';
import { StepTrack } from '../parts/step-track.tsx';
import { isUnderWay, rolloutTone, words } from '../parts/tone.ts';
import { mesh } from '../state/app-state.ts';
import { serverNow } from '../state/connection.ts';

/** All rollouts: those under way first, then by how recently they changed. */
export function RolloutsPage() {
  mesh.updatedAt.value;
  const rollouts = mesh.rollouts
    .values()
    .toSorted(
      (a, b) => Number(isUnderWay(b.phase)) - Number(isUnderWay(a.phase)) || b.phaseSince - a.phaseSince,
    );
  return (
    <>
      <h1 tabIndex={-1}>Rollouts</h1>
      {rollouts.length === 0 && <p class="empty">No rollout is configured.</p>}
      <ul class="rollout-list">
        {rollouts.map((rollout) => (
          <li key={`${rollout.namespace}/${rollout.name}`}>
            <a class="panel rollout-row" href={`#/rollouts/${rollout.namespace}/${rollout.name}`}>
              <span class="rollout-title">
                <strong>{rollout.name}</strong>
                <small>
                  {rollout.namespace}/{rollout.service} · {rollout.stable} → {rollout.candidate} ·{' '}
                  {formatWeight(rollout.weight)}
                </small>
              </span>
              <Chip tone={rolloutTone(rollout.phase)} label={words(rollout.phase)} />
              <StepTrack rollout={rollout} compact />
              <span class="muted rollout-why">
                {rollout.message} · {formatAge(rollout.phaseSince, serverNow.value)}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
