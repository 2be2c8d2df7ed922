import type { GateStatus, RolloutStatus } from '../../core/status/status.ts';
import { formatMeasure, formatOdds, formatPowerOfTen } from '../format.ts';
import type { Trail } from '../state/trails.ts';
import { Chip } from './chip.tsx';
import { Plot } from './plot.tsx';
import { gateTone, words } from './tone.ts';

/** One gate: what both versions measure, and the evidence against the candidate over time, up to its bound. */
export function GateCard({
  gate,
  rollout,
  trail,
}: {
  readonly gate: GateStatus;
  readonly rollout: RolloutStatus;
  readonly trail: Trail;
}) {
  const evidence = trail.series.get(`${gate.name}/log10Evidence`) ?? trail.at.map(() => null);
  const tells = gate.log10Evidence !== undefined || evidence.some((value) => value !== null);
  return (
    <section class={`panel gate gate-${gateTone(gate.verdict)}`} aria-label={`Gate ${gate.name}`}>
      <div class="panel-head">
        <h3>
          {gate.name} <small>{words(gate.type)}</small>
        </h3>
        <span class="chips">
          {gate.dryRun && <Chip tone="idle" label="dry run" title="measured, never acted upon" />}
          <Chip tone={gateTone(gate.verdict)} label={words(gate.verdict.replace('-', ' '))} />
        </span>
      </div>
      <dl class="versus">
        <div class="colour-1">
          <dt>{rollout.stable}</dt>
          <dd>{formatMeasure(gate.stable, gate.unit)}</dd>
        </div>
        <div class="colour-2">
          <dt>{rollout.candidate}</dt>
          <dd>{formatMeasure(gate.candidate, gate.unit)}</dd>
        </div>
        {gate.log10Evidence !== undefined && (
          <div>
            <dt>evidence of harm</dt>
            <dd>
              {formatOdds(gate.log10Evidence)}
              {gate.log10Bound !== undefined && <small> acts at {formatOdds(gate.log10Bound)}</small>}
            </dd>
          </div>
        )}
      </dl>
      {tells && (
        <Plot
          label={`Evidence that ${rollout.candidate} is worse by ${gate.name}: now ${formatOdds(gate.log10Evidence)}${gate.log10Bound === undefined ? '' : `, acted upon at ${formatOdds(gate.log10Bound)}`}`}
          at={trail.at}
          lines={[{ label: 'log10 evidence', colour: '--text', values: evidence }]}
          bound={gate.log10Bound}
          range={[-2, 1]}
          height={120}
          format={formatPowerOfTen}
        />
      )}
      <p class="gate-message">{gate.message}</p>
      <p class="gate-source" title={gate.source}>
        <span class="visually-hidden">Read from: </span>
        {gate.source}
      </p>
    </section>
  );
}
