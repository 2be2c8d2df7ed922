import { instancesFor } from './decide-capacity.ts';

/** What was measured of a service over one step of time. */
export interface LoadPoint {
  /** End of the step, ms since the epoch. */
  readonly at: number;
  readonly perSecond: number;
  /** Mean, ms; undefined: nothing was answered, or nobody measured. */
  readonly latencyMs: number | undefined;
  /** Requests that the busiest instance worked on at a time, averaged over the step; undefined: nobody measured. */
  readonly inFlight: number | undefined;
}

export interface CapacityPlan {
  readonly peakPerSecond: number;
  readonly peakAt: number;
  /** At the peak. */
  readonly latencyMs: number;
  readonly concurrency: number;
  readonly concurrencyFrom: 'given' | 'measured';
  /** Requests a second that one instance serves at that concurrency and latency. */
  readonly perInstance: number;
  readonly instances: number;
}

/** An instance is taken to be within its means while the mean latency is below this multiple of the usual one. */
const STILL_FAST = 1.5;

/**
 * The capacity rule on measured figures: ⌈peak rate × latency ÷ concurrency of one⌉.
 * @param concurrency of one instance; undefined: the most that an instance worked on while answers were still fast
 * @returns or what is missing
 */
export function planCapacity(
  points: readonly LoadPoint[],
  concurrency: number | undefined,
): CapacityPlan | { readonly missing: string } {
  const busy = points.filter(({ perSecond }) => perSecond > 0);
  const peak = busy.reduce<LoadPoint | undefined>(
    (most, each) => (most === undefined || each.perSecond > most.perSecond ? each : most),
    undefined,
  );
  if (peak === undefined) return { missing: 'no requests were measured' };
  if (peak.latencyMs === undefined) return { missing: 'no latency was measured at the peak' };
  const held = concurrency ?? sustained(busy);
  if (held === undefined || held <= 0)
    return { missing: 'no concurrency was measured; give that of one instance with --concurrency' };
  const latencySeconds = peak.latencyMs / 1000;
  return {
    peakPerSecond: peak.perSecond,
    peakAt: peak.at,
    latencyMs: peak.latencyMs,
    concurrency: held,
    concurrencyFrom: concurrency === undefined ? 'measured' : 'given',
    perInstance: held / latencySeconds,
    instances: instancesFor(peak.perSecond, latencySeconds, held),
  };
}

function sustained(points: readonly LoadPoint[]): number | undefined {
  const latencies = points.flatMap(({ latencyMs }) => latencyMs ?? []).sort((a, b) => a - b);
  const usual = latencies[Math.floor(latencies.length / 2)];
  const within = points.flatMap(({ latencyMs, inFlight }) =>
    inFlight !== undefined &&
    latencyMs !== undefined &&
    usual !== undefined &&
    latencyMs <= STILL_FAST * usual
      ? [inFlight]
      : [],
  );
  return within.length === 0 ? undefined : Math.max(...within);
}
