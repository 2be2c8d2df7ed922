import type { ServiceStatus } from '../../core/status/status.ts';
import { formatMs, formatNumber, formatPercent, formatWeight } from '../format.ts';
import { mesh, pulses } from '../state/app-state.ts';
import { totalRate } from '../state/pulses.ts';
import { Chip } from './chip.tsx';
import { colourOf, MiniFlow } from './flow.tsx';
import { Sparkline } from './sparkline.tsx';
import { breakerTone, isUnderWay, rolloutTone, words } from './tone.ts';

/** One service in a line: shares, rate, errors, latency, and what is unusual. */
export function ServiceRow({ name }: { readonly name: string }) {
  const service = mesh.services.find(name)?.value;
  if (!service) return null;
  const rollout = service.rollout
    ? mesh.rollouts.find(`${service.namespace}/${service.rollout}`)?.value
    : undefined;
  const busiest = service.versions.reduce<ServiceStatus['versions'][number] | undefined>(
    (most, version) => ((version.requestsPerSecond ?? 0) > (most?.requestsPerSecond ?? -1) ? version : most),
    undefined,
  );
  const errors = worstErrors(service);
  return (
    <a class="service-row" href={`#/services/${name}`}>
      <span class="service-name">
        <strong>{service.name}</strong>
        <small>{service.namespace}</small>
      </span>
      <MiniFlow service={service} rollout={rollout} />
      <span class="shares">
        {service.versions.map((version) => (
          <span
            key={version.name}
            class={`share colour-${colourOf(service, rollout, version.name)} ${version.weight === 0 ? 'share-none' : ''}`}
          >
            <i aria-hidden="true" />
            {version.name} <b>{formatWeight(version.weight)}</b>
          </span>
        ))}
      </span>
      <span class="number rate">
        <Sparkline points={pulses.of(name)} width={72} height={22} />
        <span>
          {formatNumber(totalRate(service))}
          <small>/s</small>
        </span>
      </span>
      <span class={`number ${(errors ?? 0) > 1 ? 'number-bad' : ''}`}>
        {formatPercent(errors)}
        <small> err</small>
      </span>
      <span class="number">
        {formatMs(busiest?.latencyMs?.p95)}
        <small> p95</small>
      </span>
      <span class="chips">
        {service.breaker && service.breaker !== 'CLOSED' && (
          <Chip
            tone={breakerTone(service.breaker)}
            label={`breaker ${words(service.breaker).toLowerCase()}`}
          />
        )}
        {rollout && (
          <Chip tone={rolloutTone(rollout.phase)} label={words(rollout.phase)} title={rollout.message} />
        )}
        {service.spec !== 'ok' && <Chip tone="bad" label="spec not in force" title={service.spec} />}
      </span>
    </a>
  );
}

/** Higher goes first: what needs a look, then what is under way. */
export function urgency(service: ServiceStatus): number {
  const rollout = service.rollout
    ? mesh.rollouts.find(`${service.namespace}/${service.rollout}`)?.peek()
    : undefined;
  if (service.breaker === 'OPEN' || service.spec !== 'ok' || rollout?.phase === 'RollingBack') return 3;
  if (service.breaker === 'HALF_OPEN' || rollout?.phase === 'RolledBack' || (worstErrors(service) ?? 0) > 1)
    return 2;
  return rollout && isUnderWay(rollout.phase) ? 1 : 0;
}

function worstErrors({ versions }: ServiceStatus): number | undefined {
  const known = versions.flatMap(({ errorPercent }) => errorPercent ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}
