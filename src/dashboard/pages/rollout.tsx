import type { RolloutStatus } from '../../core/status/status.ts';
import { formatAge, formatMs, formatNumber, formatPercent, formatWeight } from '../format.ts';
import { Chip, ToneIcon } from '../parts/chip.tsx';
import { DecisionEntry } from '../parts/decision-entry.tsx';
import { Distribution } from '../parts/distribution.tsx';
import { GateCard } from '../parts/gate-card.tsx';
import { RolloutActions } from '../parts/rollout-actions.tsx';
import { SliceTable } from '../parts/slice-table.tsx';
import { StepTrack } from '../parts/step-track.tsx';
import { rolloutTone, words } from '../parts/tone.ts';
import { useTrail } from '../parts/use-trail.ts';
import { mesh } from '../state/app-state.ts';
import { serverNow } from '../state/connection.ts';

/** One rollout: where it stands, on what evidence, and how it came there. */
export function RolloutPage({ name }: { readonly name: string }) {
  mesh.rollouts.keys.value;
  const rollout = mesh.rollouts.find(name)?.value;
  const trail = useTrail('rollout', name);
  if (!rollout)
    return (
      <>
        <h1 tabIndex={-1}>{name}</h1>
        <p class="empty">
          There is no rollout {name} in the specs. <a href="#/rollouts">All rollouts</a>
        </p>
        <Timeline subject={`Rollout/${name}`} />
      </>
    );
  return (
    <>
      <div class="page-head">
        <div>
          <h1 tabIndex={-1}>{rollout.name}</h1>
          <p class="muted">
            <a href={`#/services/${rollout.namespace}/${rollout.service}`}>
              {rollout.namespace}/{rollout.service}
            </a>{' '}
            · {rollout.stable} → {rollout.candidate} · started {formatAge(rollout.startedAt, serverNow.value)}
          </p>
        </div>
        <RolloutActions rollout={rollout} />
      </div>
      <section class="panel standing" aria-label="Where it stands">
        <p class="standing-phase">
          <Chip tone={rolloutTone(rollout.phase)} label={words(rollout.phase)} />
          <span>{rollout.message}</span>
          <small class="muted">{formatAge(rollout.phaseSince, serverNow.value)}</small>
        </p>
        <StepTrack rollout={rollout} />
        <Requests rollout={rollout} />
        <Laggards rollout={rollout} />
      </section>
      <SliceTable rollout={rollout} />
      <h2>Gates</h2>
      {rollout.gates.length === 0 && (
        <p class="empty">This rollout has no gates: its steps follow the clock alone.</p>
      )}
      <div class="gates">
        {rollout.gates.map((gate) => (
          <GateCard key={gate.name} gate={gate} rollout={rollout} trail={trail} />
        ))}
      </div>
      <h2>{`${rollout.stable} and ${rollout.candidate}`}</h2>
      <div class="gates">
        <Comparison rollout={rollout} />
        {rollout.distributions.map((distribution) => (
          <Distribution key={distribution.name} distribution={distribution} rollout={rollout} />
        ))}
      </div>
      <Timeline subject={`Rollout/${name}`} />
    </>
  );
}

function Requests({ rollout: { requests, weight } }: { readonly rollout: RolloutStatus }) {
  if (!requests) return null;
  const { seen, needed } = requests;
  return (
    <p class="requests">
      <progress
        max={Math.max(needed, 1)}
        value={Math.min(seen, needed)}
        aria-label="Requests of those that the evidence needs"
      />
      <span>
        <b>{formatNumber(seen)}</b> of {formatNumber(needed)} requests that a decision at{' '}
        {formatWeight(weight)} needs
      </span>
    </p>
  );
}

function Laggards({ rollout: { laggards } }: { readonly rollout: RolloutStatus }) {
  if (laggards.length === 0) return null;
  return (
    <p class="laggards">
      <ToneIcon tone="warn" />
      <span>
        {laggards.length === 1 ? 'One sidecar has' : `${laggards.length} sidecars have`} not acknowledged
        these weights: {laggards.slice(0, 5).join(', ')}
        {laggards.length > 5 ? '…' : ''} <a href="#/sidecars">Sidecars</a>
      </span>
    </p>
  );
}

function Comparison({ rollout }: { readonly rollout: RolloutStatus }) {
  const service = mesh.services.find(`${rollout.namespace}/${rollout.service}`)?.value;
  const both = [rollout.stable, rollout.candidate].map((name) =>
    service?.versions.find((version) => version.name === name),
  );
  type Version = (typeof both)[number];
  const rows: readonly [string, (version: Version) => string][] = [
    ['Share', (version) => formatWeight(version?.weight ?? 0)],
    ['Requests a second', (version) => formatNumber(version?.requestsPerSecond)],
    ['Errors', (version) => formatPercent(version?.errorPercent)],
    ['Latency p50', (version) => formatMs(version?.latencyMs?.p50)],
    ['Latency p95', (version) => formatMs(version?.latencyMs?.p95)],
    ['Latency p99', (version) => formatMs(version?.latencyMs?.p99)],
    ['Endpoints', (version) => formatNumber(version?.endpoints.length)],
  ];
  return (
    <section class="panel comparison" aria-label="Live numbers">
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col" class="colour-1">
              <span class="share colour-1">
                <i aria-hidden="true" />
                {rollout.stable}
              </span>
            </th>
            <th scope="col" class="colour-2">
              <span class="share colour-2">
                <i aria-hidden="true" />
                {rollout.candidate}
              </span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([label, of]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{of(both[0])}</td>
              <td>{of(both[1])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Timeline({ subject }: { readonly subject: string }) {
  const decisions = mesh.decisions.value.filter((decision) => decision.subject === subject);
  return (
    <section class="panel" aria-labelledby="timeline-heading">
      <h2 id="timeline-heading">Timeline</h2>
      {decisions.length === 0 && <p class="empty">Nothing was decided yet.</p>}
      <ol class="timeline">
        {decisions.map((decision) => (
          <DecisionEntry key={decision.id} decision={decision} withSubject={false} />
        ))}
      </ol>
    </section>
  );
}
