import type { BreakerStatus, RolloutStatus, ServiceStatus, VersionStatus } from '../../core/status/status.ts';
import { formatMs, formatNumber, formatPercent, formatWeight } from '../format.ts';
import { totalRate } from '../state/pulses.ts';
import { connect, layoutFlow } from './flow-layout.ts';
import { breakerTone, words } from './tone.ts';
import { useWidth } from './use-width.ts';

/** 1-based number of a version's colour: the stable one is always 1, the candidate 2. */
export function colourOf(
  service: ServiceStatus,
  rollout: RolloutStatus | undefined,
  version: string,
): number {
  if (version === rollout?.stable) return 1;
  if (version === rollout?.candidate) return 2;
  const others = service.versions.filter(
    ({ name }) => name !== rollout?.stable && name !== rollout?.candidate,
  );
  return ((others.findIndex(({ name }) => name === version) + (rollout ? 3 : 1) - 1) % 4) + 1;
}

/** The shares in words: `412 requests a second: 75 % to v1, 25 % to v2`. */
function describeFlow(service: ServiceStatus): string {
  const shares = service.versions.map(({ name, weight }) => `${formatWeight(weight)} to ${name}`).join(', ');
  return `${service.name}: ${formatNumber(totalRate(service))} requests a second; ${shares}`;
}

/** Below this the words beside the bands are fewer. */
const NARROW = 560;

interface FlowProps {
  readonly service: ServiceStatus;
  readonly rollout: RolloutStatus | undefined;
  readonly breaker: BreakerStatus | undefined;
}

/** Where the traffic of one service goes now, as bands as thick as their shares. */
export function Flow({ service, rollout, breaker }: FlowProps) {
  const [frame, width] = useWidth<HTMLDivElement>(900);
  const admitted = breaker ? breaker.admitted / 10_000 : 1;
  const layout = layoutFlow({
    admitted,
    hasBreaker: breaker !== undefined,
    width,
    versions: service.versions.map((version) => ({
      name: version.name,
      share: version.weight / 10_000,
      endpoints: endpointShares(version),
    })),
  });
  return (
    <div class="flow" ref={frame}>
      <svg width={width} height={layout.height} role="img" aria-label={describeFlow(service)}>
        <path class="band band-trunk" d={layout.trunk.path} />
        {layout.fallback && <path class="band band-fallback" d={layout.fallback.ribbon.path} />}
        {layout.versions.map((placed, index) => {
          const version = service.versions[index];
          if (!version) return null;
          const colour = `colour-${colourOf(service, rollout, version.name)}`;
          return (
            <g key={version.name} class={colour}>
              <path class={bandClass(placed.ribbon.idle)} d={placed.ribbon.path} />
              {placed.endpoints.map(({ ribbon, index: at }) => (
                <path key={at} class={`${bandClass(ribbon.idle)} band-pale`} d={ribbon.path} />
              ))}
              <rect class="bar" {...placed.bar} rx="2" />
              <VersionLabel
                version={version}
                role={roleOf(rollout, version.name)}
                short={width < NARROW}
                x={placed.bar.x}
                y={placed.labelY}
              />
              {placed.endpoints.map(({ x, y, index: at }) => (
                <EndpointLabel key={at} version={version} index={at} x={x} y={y} />
              ))}
              {placed.hidden > 0 && width >= 640 && (
                <text class="flow-note" x={Math.round(width * 0.76) + 8} y={placed.moreY + 4}>
                  and {placed.hidden} more
                </text>
              )}
            </g>
          );
        })}
        <rect class="bar bar-callers" {...layout.callers} rx="2" />
        <text class="flow-name" x="0" y={layout.callers.y - 24}>
          callers
        </text>
        <text class="flow-note" x="0" y={layout.callers.y - 8}>
          {formatNumber(totalRate(service))} req/s
        </text>
        {layout.breaker && breaker && (
          <g class={`tone-${breakerTone(breaker.phase)}`}>
            <rect class="bar bar-breaker" {...layout.breaker} rx="3" />
            <text
              class="flow-name flow-toned"
              text-anchor="end"
              x={layout.breaker.x + layout.breaker.width}
              y={layout.breaker.y + layout.breaker.height + 16}
            >
              {width >= NARROW ? 'breaker ' : ''}
              {words(breaker.phase).toLowerCase()}
            </text>
          </g>
        )}
        {layout.fallback && breaker && (
          <g>
            <rect class="bar bar-fallback" {...layout.fallback.bar} rx="2" />
            <text class="flow-name" x={layout.fallback.bar.x} y={layout.fallback.labelY + 4}>
              fallback {formatWeight(10_000 - breaker.admitted)}
            </text>
            <text class="flow-note" x={layout.fallback.bar.x} y={layout.fallback.labelY + 18}>
              {breaker.fallback}
            </text>
          </g>
        )}
      </svg>
    </div>
  );
}

/** The same in the height of a table row. */
export function MiniFlow({ service, rollout }: Omit<FlowProps, 'breaker'>) {
  const [width, height, pipe] = [120, 36, 22];
  const flowing = service.versions.filter(({ weight }) => weight > 0);
  const gap = Math.min(8, (height - pipe - 4) / Math.max(1, flowing.length - 1));
  let source = (height - pipe) / 2;
  let target = (height - pipe - gap * (flowing.length - 1)) / 2;
  return (
    <svg class="mini-flow" width={width} height={height} role="img" aria-label={describeFlow(service)}>
      {flowing.map(({ name, weight }) => {
        const thickness = (weight / 10_000) * pipe;
        const { path } = connect(4, source, width - 4, target, thickness);
        const bar = { x: width - 4, y: target, width: 4, height: Math.max(1, thickness) };
        source += thickness;
        target += thickness + gap;
        return (
          <g key={name} class={`colour-${colourOf(service, rollout, name)}`}>
            <path class="band" d={path} />
            <rect class="bar" {...bar} />
          </g>
        );
      })}
      <rect class="bar bar-callers" x="0" y={(height - pipe) / 2} width="4" height={pipe} />
    </svg>
  );
}

function VersionLabel(props: {
  readonly version: VersionStatus;
  readonly role: string;
  readonly short: boolean;
  readonly x: number;
  readonly y: number;
}) {
  const { version, role, short, x, y } = props;
  const numbers = [
    `${formatNumber(version.requestsPerSecond)} req/s`,
    `${formatPercent(version.errorPercent)} err`,
    ...(short ? [] : [`p95 ${formatMs(version.latencyMs?.p95)}`]),
  ];
  return (
    <>
      <text class="flow-name" x={x} y={y}>
        <tspan class="flow-version">{version.name}</tspan> {formatWeight(version.weight)}
        {role && <tspan class="flow-note"> {role}</tspan>}
      </text>
      <text class="flow-note" x={x} y={y + 16}>
        {(version.weight > 0 ? numbers : ['no traffic']).join(' · ')}
      </text>
    </>
  );
}

function EndpointLabel(props: {
  readonly version: VersionStatus;
  readonly index: number;
  readonly x: number;
  readonly y: number;
}) {
  const endpoint = props.version.endpoints[props.index];
  if (!endpoint) return null;
  const note = endpoint.state === 'serving' ? '' : ` ${endpoint.state}`;
  return (
    <text class="flow-endpoint" x={props.x + 8} y={props.y + 4}>
      {endpoint.address}
      <tspan class="flow-note"> {formatNumber(endpoint.requestsPerSecond)}/s</tspan>
      {note && <tspan class={`flow-state flow-${endpoint.state}`}>{note}</tspan>}
    </text>
  );
}

function endpointShares(version: VersionStatus): readonly { address: string; share: number }[] {
  const by = (of: (endpoint: VersionStatus['endpoints'][number]) => number) => version.endpoints.map(of);
  const rates = by((endpoint) => endpoint.requestsPerSecond ?? 0);
  const amounts = rates.some((rate) => rate > 0)
    ? rates
    : by((endpoint) => (endpoint.state === 'backup' ? 0 : endpoint.weight));
  const total = amounts.reduce((sum, amount) => sum + amount, 0) || 1;
  return version.endpoints.map(({ address }, i) => ({ address, share: (amounts[i] ?? 0) / total }));
}

function roleOf(rollout: RolloutStatus | undefined, version: string): string {
  if (version === rollout?.stable) return 'stable';
  return version === rollout?.candidate ? 'candidate' : '';
}

function bandClass(idle: boolean): string {
  return idle ? 'band band-idle' : 'band';
}
