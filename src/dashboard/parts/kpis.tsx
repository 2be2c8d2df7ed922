import { formatMs, formatNumber, formatPercent } from '../format.ts';
import { mesh, pulses } from '../state/app-state.ts';
import { totalRate } from '../state/pulses.ts';
import { Sparkline } from './sparkline.tsx';
import { isUnderWay, type Tone } from './tone.ts';

/** The mesh in seven numbers. */
export function Kpis() {
  mesh.updatedAt.value;
  const services = mesh.services.values();
  const rate = services.reduce((sum, service) => sum + (totalRate(service) ?? 0), 0);
  const failed = services
    .flatMap(({ versions }) => versions)
    .reduce(
      (sum, { requestsPerSecond, errorPercent }) =>
        sum + ((requestsPerSecond ?? 0) * (errorPercent ?? 0)) / 100,
      0,
    );
  const underWay = mesh.rollouts.values().filter(({ phase }) => isUnderWay(phase)).length;
  const tripped = mesh.breakers.values().filter(({ phase }) => phase !== 'CLOSED').length;
  const sidecars = mesh.status.value?.sidecars;
  const push = mesh.status.value?.pushToAckMs;
  const errorPercent = rate > 0 ? (100 * failed) / rate : undefined;
  const lagging = sidecars ? sidecars.connected - sidecars.converged : 0;
  return (
    <dl class="kpis">
      <Kpi name="Requests" value={formatNumber(rate)} unit="/s">
        <Sparkline points={pulses.total} />
      </Kpi>
      <Kpi
        name="Errors"
        value={formatPercent(errorPercent)}
        tone={(errorPercent ?? 0) > 1 ? 'bad' : 'idle'}
      />
      <Kpi name="Services" value={String(services.length)} />
      <Kpi name="Rollouts under way" value={String(underWay)} tone={underWay > 0 ? 'busy' : 'idle'} />
      <Kpi name="Breakers not closed" value={String(tripped)} tone={tripped > 0 ? 'warn' : 'idle'} />
      <Kpi
        name="Sidecars converged"
        value={sidecars ? `${sidecars.converged}` : '—'}
        unit={sidecars ? ` of ${sidecars.connected}` : ''}
        tone={(sidecars?.rejections ?? 0) > 0 ? 'bad' : lagging > 0 ? 'warn' : 'idle'}
      />
      <Kpi name="Push to ACK" value={formatMs(push?.p50)} unit={push ? ` p99 ${formatMs(push.p99)}` : ''} />
    </dl>
  );
}

interface KpiProps {
  readonly name: string;
  readonly value: string;
  readonly unit?: string;
  readonly tone?: Tone;
  readonly children?: preact.ComponentChildren;
}

function Kpi({ name, value, unit, tone = 'idle', children }: KpiProps) {
  return (
    <div class={`kpi kpi-${tone}`}>
      <dt>{name}</dt>
      <dd>
        <span class="kpi-value">{value}</span>
        <span class="kpi-unit">{unit}</span>
        {children}
      </dd>
    </div>
  );
}
