import type { ServiceStatus } from '../../core/status/status.ts';
import { formatAge, formatMs, formatNumber, formatPercent, formatWeight } from '../format.ts';
import { Chip } from '../parts/chip.tsx';
import { DecisionEntry } from '../parts/decision-entry.tsx';
import { colourOf } from '../parts/flow.tsx';
import { Plot } from '../parts/plot.tsx';
import { ServiceCard } from '../parts/service-card.tsx';
import { breakerTone, words } from '../parts/tone.ts';
import { useTrail } from '../parts/use-trail.ts';
import { mesh } from '../state/app-state.ts';
import { serverNow } from '../state/connection.ts';

/** Everything of one service. */
export function ServicePage({ name }: { readonly name: string }) {
  mesh.services.keys.value;
  const service = mesh.services.find(name)?.value;
  if (!service)
    return (
      <>
        <h1 tabIndex={-1}>{name}</h1>
        <p class="empty">
          There is no service {name}. <a href="#/">All services</a>
        </p>
      </>
    );
  const decisions = mesh.decisions.value.filter((decision) => decision.service === name).slice(0, 20);
  return (
    <>
      <h1 tabIndex={-1}>{service.name}</h1>
      <ServiceCard name={name} titled={false} />
      <div class="columns">
        <Plots service={service} name={name} />
        <Breaker name={name} />
        {service.versions.map((version) => (
          <Breaker key={version.name} name={name} version={version.name} />
        ))}
        <Endpoints service={service} />
      </div>
      <section class="panel" aria-labelledby="decisions-heading">
        <h2 id="decisions-heading">Decisions</h2>
        {decisions.length === 0 && <p class="empty">None yet.</p>}
        <ol class="timeline">
          {decisions.map((decision) => (
            <DecisionEntry key={decision.id} decision={decision} />
          ))}
        </ol>
      </section>
    </>
  );
}

const MEASURES = [
  { series: 'requestsPerSecond', title: 'Requests a second', format: formatNumber },
  { series: 'p95', title: 'Latency p95', format: formatMs },
  { series: 'errorPercent', title: 'Errors', format: formatPercent },
] as const;

function Plots({ service, name }: { readonly service: ServiceStatus; readonly name: string }) {
  const trail = useTrail('service', name);
  const rollout = service.rollout
    ? mesh.rollouts.find(`${service.namespace}/${service.rollout}`)?.value
    : undefined;
  return (
    <section class="panel plots" aria-label="The last half hour">
      {MEASURES.map(({ series, title, format }) => (
        <figure key={series}>
          <figcaption>{title}</figcaption>
          <Plot
            label={`${title}: ${service.versions.map((version) => `${version.name} ${format(trail.series.get(`${version.name}/${series}`)?.at(-1) ?? undefined)}`).join(', ')}`}
            at={trail.at}
            height={130}
            format={format}
            lines={service.versions.map((version) => ({
              label: version.name,
              colour: `--colour-${colourOf(service, rollout, version.name)}`,
              values: trail.series.get(`${version.name}/${series}`) ?? trail.at.map(() => null),
            }))}
          />
        </figure>
      ))}
    </section>
  );
}

/** The breaker of the service, or of its version that is on trial. */
function Breaker({ name, version }: { readonly name: string; readonly version?: string }) {
  mesh.breakers.keys.value;
  const breaker = mesh.breakers.find(version === undefined ? name : `${name}/${version}`)?.value;
  if (!breaker) return null;
  const id = `breaker-heading-${version ?? 'service'}`;
  return (
    <section class="panel" aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>Circuit breaker{version !== undefined && ` of ${version}, on trial`}</h2>
        <Chip tone={breakerTone(breaker.phase)} label={words(breaker.phase)} />
      </div>
      {breaker.message && <p>{breaker.message}</p>}
      <dl class="facts">
        <div>
          <dt>since</dt>
          <dd>{formatAge(breaker.since, serverNow.value)}</dd>
        </div>
        <div>
          <dt>admitted</dt>
          <dd>{formatWeight(breaker.admitted)}</dd>
        </div>
        <div>
          <dt>failed in its window</dt>
          <dd>
            {breaker.failures} of {breaker.requests} ({formatPercent(breaker.errorPercent)})
          </dd>
        </div>
        <div>
          <dt>fallback</dt>
          <dd>{breaker.fallback}</dd>
        </div>
        <div>
          <dt>trips</dt>
          <dd>{breaker.trips}</dd>
        </div>
      </dl>
    </section>
  );
}

function Endpoints({ service }: { readonly service: ServiceStatus }) {
  return (
    <section class="panel" aria-labelledby="endpoints-heading">
      <h2 id="endpoints-heading">Endpoints</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="scroll" aria-label="Endpoints, table" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Address</th>
              <th scope="col">State</th>
              <th scope="col">Weight</th>
              <th scope="col">Req/s</th>
              <th scope="col">Errors</th>
              <th scope="col">In flight</th>
            </tr>
          </thead>
          <tbody>
            {service.versions.flatMap((version) =>
              version.endpoints.map((endpoint) => (
                <tr key={version.name + endpoint.address}>
                  <td>{version.name}</td>
                  <td>{endpoint.address}</td>
                  <td>
                    <Chip
                      tone={
                        { serving: 'ok', derated: 'warn', backup: 'idle', unknown: 'idle' }[
                          endpoint.state
                        ] as 'ok'
                      }
                      label={endpoint.state}
                    />
                  </td>
                  <td>{formatNumber(endpoint.weight)}</td>
                  <td>{formatNumber(endpoint.requestsPerSecond)}</td>
                  <td>{formatPercent(endpoint.errorPercent)}</td>
                  <td>{formatNumber(endpoint.inFlight)}</td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </section>
    </section>
  );
}
