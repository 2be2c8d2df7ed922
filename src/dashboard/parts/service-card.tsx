import { formatNumber } from '../format.ts';
import { mesh } from '../state/app-state.ts';
import { Chip } from './chip.tsx';
import { Flow } from './flow.tsx';
import { breakerTone, rolloutTone, words } from './tone.ts';

/** One service as a picture, with what governs its traffic. */
export function ServiceCard({ name, titled = true }: { readonly name: string; readonly titled?: boolean }) {
  const service = mesh.services.find(name)?.value;
  mesh.breakers.keys.value;
  mesh.rollouts.keys.value;
  if (!service) return null;
  const breaker = mesh.breakers.find(name)?.value;
  const rollout = service.rollout
    ? mesh.rollouts.find(`${service.namespace}/${service.rollout}`)?.value
    : undefined;
  return (
    <section class="panel service-card" aria-label={`Service ${service.name}`}>
      <div class="panel-head">
        <h2>
          {titled ? <a href={`#/services/${name}`}>{service.name}</a> : 'Traffic'}
          <small>
            {service.hosts[0]}:{service.port}
          </small>
        </h2>
        <span class="chips">
          {service.spec !== 'ok' && <Chip tone="bad" label="spec not in force" title={service.spec} />}
          {breaker && (
            <Chip
              tone={breakerTone(breaker.phase)}
              label={`breaker ${words(breaker.phase).toLowerCase()}`}
              title={breaker.message}
            />
          )}
          {rollout && (
            <a href={`#/rollouts/${rollout.namespace}/${rollout.name}`}>
              <Chip
                tone={rolloutTone(rollout.phase)}
                label={`${rollout.name} ${words(rollout.phase).toLowerCase()}`}
                title={rollout.message}
              />
            </a>
          )}
        </span>
      </div>
      <Flow service={service} rollout={rollout} breaker={breaker} />
      <Limits name={name} />
    </section>
  );
}

/** The limits in force for a service, each with what it lets through and refuses. */
function Limits({ name }: { readonly name: string }) {
  const limits = mesh.limits.keys.value
    .filter((key) => key.startsWith(`${name}/`))
    .flatMap((key) => mesh.limits.find(key)?.value ?? []);
  if (limits.length === 0) return null;
  return (
    <ul class="limits" aria-label="Rate limits">
      {limits.map((limit) => (
        <li key={limit.name}>
          <b>{limit.name}</b> {formatNumber(limit.requestsPerSecond)}/s per {limit.per}, burst{' '}
          {formatNumber(limit.burst)}
          {limit.refusedPerSecond !== undefined && (
            <span class="muted">
              {' '}
              · admits {formatNumber(limit.admittedPerSecond)}/s, refuses{' '}
              <span class={limit.refusedPerSecond > 0 ? 'number-bad' : ''}>
                {formatNumber(limit.refusedPerSecond)}/s
              </span>
            </span>
          )}
          {limit.shadow && <Chip tone="idle" label="shadow" title="counts, refuses nothing" />}
        </li>
      ))}
    </ul>
  );
}
