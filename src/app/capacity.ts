import type { ModelService } from '../core/api/model-service.ts';
import { indexSpecs, serviceKey } from '../core/decide/spec-index.ts';
import { type CapacityPlan, type LoadPoint, planCapacity } from '../core/policy/capacity/plan-capacity.ts';
import { capacityQueries, inFlightQueries } from '../core/signals/capacity-queries.ts';
import type { PrometheusClient } from '../signals/prometheus/client.ts';
import { readSpecFiles } from '../specs/spec-files.ts';
import { openPrometheus, type PrometheusClientOptions } from './prometheus-client.ts';

/** What `penstock capacity` was told; times in ms. */
export interface CapacityOptions extends PrometheusClientOptions {
  readonly file: readonly string[];
  readonly prometheus: string;
  readonly from: number;
  readonly to: number;
  /** Rates are averaged over this long. */
  readonly window: number;
  readonly concurrency?: number;
}

/** What came out for one service. */
export interface ServiceCapacity {
  /** `NAMESPACE/NAME`. */
  readonly service: string;
  /** Where it was measured; undefined: nowhere. */
  readonly measuredBy: string | undefined;
  readonly outcome: CapacityPlan | { readonly missing: string };
  /** What its TrafficPolicy says one replica serves. */
  readonly policyPerReplica: number | undefined;
}

/** What was asked for cannot be told. */
class CapacityFailed extends Error {
  override readonly name = 'CapacityFailed';
}

/** Prometheus answers a range query with at most 11 000 points a series. */
const MOST_POINTS = 10_000;

/**
 * Sizes every service of the specs by what Prometheus recorded.
 * @throws when the specs or Prometheus cannot be read
 */
export async function measureCapacity(options: CapacityOptions): Promise<readonly ServiceCapacity[]> {
  const reading = await readSpecFiles(options.file);
  if (reading.specs === undefined)
    throw new CapacityFailed(`the specs are not valid\n${reading.problems.join('\n')}`);
  const { services, policies } = indexSpecs(reading.specs.objects);
  const client = openPrometheus(options.prometheus, options);
  try {
    const all: ServiceCapacity[] = [];
    for (const [id, service] of services) {
      const { measuredBy, points } = await measure(client, service, options);
      all.push({
        service: serviceKey(service),
        measuredBy,
        outcome: planCapacity(points, options.concurrency),
        policyPerReplica: policies.get(id)?.spec.scaling?.requestsPerSecondPerReplica,
      });
    }
    return all;
  } finally {
    client.close();
  }
}

async function measure(
  client: PrometheusClient,
  service: ModelService,
  { from, to, window }: CapacityOptions,
): Promise<{ readonly measuredBy: string | undefined; readonly points: readonly LoadPoint[] }> {
  // A step that is longer than the window would pass over the peak.
  const stepMs = Math.max(window, Math.ceil((to - from) / MOST_POINTS));
  const range = { fromMs: from, toMs: to, stepMs };
  const read = (query: string) => readPoints(client, query, range);
  for (const queries of capacityQueries(service, stepMs)) {
    const perSecond = await read(queries.perSecond);
    if (![...perSecond.values()].some((rate) => rate > 0)) continue;
    const latencyMs = await read(queries.latencyMs);
    const inFlight = await firstKnown(inFlightQueries(service, stepMs), read);
    const points = [...perSecond].map(
      ([at, rate]): LoadPoint => ({
        at,
        perSecond: rate,
        latencyMs: latencyMs.get(at),
        inFlight: inFlight.get(at),
      }),
    );
    return { measuredBy: queries.vantage, points };
  }
  return { measuredBy: undefined, points: [] };
}

async function firstKnown(
  queries: readonly string[],
  read: (query: string) => Promise<ReadonlyMap<number, number>>,
): Promise<ReadonlyMap<number, number>> {
  for (const query of queries) {
    const points = await read(query);
    if (points.size > 0) return points;
  }
  return new Map();
}

/** The one series of a query by time; what is no number is left out. */
async function readPoints(
  client: PrometheusClient,
  query: string,
  range: Parameters<PrometheusClient['queryRange']>[1],
): Promise<ReadonlyMap<number, number>> {
  const [series] = await client.queryRange(query, range);
  return new Map(
    (series?.samples ?? []).filter(({ value }) => Number.isFinite(value)).map(({ at, value }) => [at, value]),
  );
}
