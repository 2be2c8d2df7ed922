import type { ModelService } from '../core/api/model-service.ts';
import type { TrafficPolicy } from '../core/api/traffic-policy.ts';
import { forecastDemand, type PastSeason } from '../core/policy/capacity/forecast-demand.ts';
import { capacityQueries } from '../core/signals/capacity-queries.ts';
import type { PrometheusClient, QueryOptions } from './prometheus/client.ts';
import type { PrometheusLink } from './prometheus-link.ts';
import type { Task } from './schedule.ts';
import { nameOf } from './series-watch.ts';

type Forecast = NonNullable<NonNullable<TrafficPolicy['spec']['scaling']>['forecast']>;

const POLL_MS = 60_000;
/** Rates of the past are averaged over this long. */
const WINDOW_MS = 300_000;
/** A forecast that could not be renewed for so long is none. */
const FRESH_MS = 5 * POLL_MS;

/** Forecasts what clients will offer, where a policy asks for it. */
export class ForecastWatch {
  readonly #link: PrometheusLink;
  readonly #forecasts = new Map<string, { readonly perSecond: number; readonly at: number }>();

  constructor(link: PrometheusLink) {
    this.#link = link;
  }

  /** What is to be done, again and again, for these services; the forecasts of others are forgotten. */
  tasks(services: readonly ModelService[], policies: readonly TrafficPolicy[]): readonly Task[] {
    const asked = policies.flatMap(({ metadata, spec }) => {
      const name = `${metadata.namespace}/${spec.targetRef.name}`;
      const service = services.find((each) => nameOf(each) === name);
      const forecast = spec.scaling?.forecast;
      return service === undefined || forecast === undefined ? [] : [{ name, service, forecast }];
    });
    const names = new Set(asked.map(({ name }) => name));
    for (const name of this.#forecasts.keys()) if (!names.has(name)) this.#forecasts.delete(name);
    return asked.map(({ name, service, forecast }) => ({
      key: `the forecast of ${name}`,
      periodMs: () => POLL_MS,
      run: (signal) => this.#renew(name, service, forecast, signal),
    }));
  }

  /** Requests a second; undefined: nobody asked, or the past says nothing. */
  forecastOf(service: string, nowMs: number): number | undefined {
    const known = this.#forecasts.get(service);
    return known !== undefined && nowMs - known.at <= FRESH_MS ? known.perSecond : undefined;
  }

  async #renew(name: string, service: ModelService, forecast: Forecast, signal: AbortSignal): Promise<void> {
    await this.#link.ask(`the forecast of ${name}`, signal, async (client, options) => {
      const at = Date.now();
      const promNow = at + this.#link.offsetMs;
      for (const { perSecond: query } of capacityQueries(service, WINDOW_MS)) {
        const now = await rateAt(client, query, promNow, options);
        if (now === undefined) continue;
        const past: PastSeason[] = [];
        for (let season = 1; season <= forecast.seasons; season++) {
          const thenMs = promNow - season * forecast.season;
          const then = await rateAt(client, query, thenMs, options);
          const ahead = await rateAt(client, query, thenMs + forecast.ahead, options);
          if (then !== undefined && ahead !== undefined) past.push({ then, ahead });
        }
        const perSecond = forecastDemand(now, past);
        if (perSecond === undefined) this.#forecasts.delete(name);
        else this.#forecasts.set(name, { perSecond, at });
        return;
      }
    });
  }
}

/** The one value of a query at a time; undefined where there is none. */
async function rateAt(
  client: PrometheusClient,
  query: string,
  atMs: number,
  options: QueryOptions,
): Promise<number | undefined> {
  const answer = await client.queryInstant(query, { ...options, atMs });
  const value = answer.kind === 'vector' ? answer.elements[0]?.sample.value : undefined;
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
