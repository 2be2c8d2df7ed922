import type { DistributionStatus, RolloutStatus } from '../../core/status/status.ts';
import { formatNumber } from '../format.ts';
import { words } from './tone.ts';
import { useWidth } from './use-width.ts';

const HEIGHT = 190;
const FOOT = 18;

/** Both versions' shares by bucket, laid over each other. Buckets are drawn equally wide. */
export function Distribution({
  distribution,
  rollout,
}: {
  readonly distribution: DistributionStatus;
  readonly rollout: RolloutStatus;
}) {
  const [frame, width] = useWidth<HTMLDivElement>(420);
  const stable = shares(distribution.stable);
  const candidate = shares(distribution.candidate);
  const top = Math.max(...stable, ...candidate, 1e-9);
  const step = width / Math.max(1, stable.length);
  const every = Math.ceil(52 / step);
  const unit = distribution.unit ? ` ${distribution.unit}` : '';
  return (
    <figure class="panel distribution">
      <figcaption>
        {words(distribution.name)}
        <span class="legend">
          <span class="share colour-1">
            <i aria-hidden="true" />
            {rollout.stable} <small>n {formatNumber(sum(distribution.stable))}</small>
          </span>
          <span class="share colour-2">
            <i aria-hidden="true" />
            {rollout.candidate} <small>n {formatNumber(sum(distribution.candidate))}</small>
          </span>
        </span>
      </figcaption>
      <div ref={frame}>
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`${words(distribution.name)}: most of ${rollout.stable} at ${peak(stable, distribution)}${unit}, most of ${rollout.candidate} at ${peak(candidate, distribution)}${unit}`}
        >
          <path class="curve colour-1" d={outline(stable, step, top)} />
          <path class="curve colour-2" d={outline(candidate, step, top)} />
          <line class="axis" x1="0" x2={width} y1={HEIGHT - FOOT} y2={HEIGHT - FOOT} />
          {distribution.bounds.map((bound, i) =>
            i % every === every - 1 ? (
              <text key={bound} class="flow-note" x={(i + 1) * step} y={HEIGHT - 4} text-anchor="middle">
                {formatNumber(bound)}
                {unit}
              </text>
            ) : null,
          )}
        </svg>
      </div>
    </figure>
  );
}

function outline(values: readonly number[], step: number, top: number): string {
  const floor = HEIGHT - FOOT;
  const y = (value: number) => (floor - (value / top) * (floor - 6)).toFixed(1);
  const steps = values.map(
    (value, i) => `L${(i * step).toFixed(1)} ${y(value)}H${((i + 1) * step).toFixed(1)}`,
  );
  return `M0 ${floor}${steps.join('')}L${(values.length * step).toFixed(1)} ${floor}Z`;
}

function shares(counts: readonly number[]): readonly number[] {
  const total = sum(counts) || 1;
  return counts.map((count) => count / total);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function peak(values: readonly number[], { bounds }: DistributionStatus): string {
  const index = values.indexOf(Math.max(...values));
  return index < bounds.length
    ? `up to ${formatNumber(bounds[index])}`
    : `above ${formatNumber(bounds.at(-1))}`;
}
