import { isBound, quantileOf } from '../../stats/histogram.ts';
import { log10Evidence } from '../../stats/mixture.ts';
import { isShared } from './blame.ts';
import type { GateEvidence, GateLook, Verdict } from './gate.ts';
import {
  allowance,
  type LatencyMetric,
  type LatencyState,
  minimumTraffic,
  strength,
} from './latency-state.ts';
import { pointsOf } from './plot.ts';
import { compareEvidence, milliseconds, neededTraffic, percentage } from './wording.ts';

/** What a latency gate says, and by what. */
export function explainLatency(
  metric: LatencyMetric,
  state: LatencyState,
  verdict: Verdict,
  look: GateLook,
): GateEvidence {
  const { log10M, bound } = strength(metric, state, look);
  const traffic = minimumTraffic(metric, state, look);
  const shared = isShared(log10Evidence(state.absolute, 'spread'), state.blame, bound);
  const { inflection, points } = state.trend;
  return {
    ...identifyLatency(metric, look),
    verdict,
    log10M,
    bound,
    counts: metric.thresholdRange === undefined ? undefined : state.slow,
    message: describe(metric, state, shared, log10M, bound),
    needed:
      look.bakingLooks === undefined ? neededTraffic(traffic.have, traffic.need, traffic.unit) : undefined,
    figures: figuresOf(metric, state),
    points: pointsOf(state.points),
    ...(inflection === undefined ? {} : { trend: points.map(({ atMs, value }) => ({ atMs, value })) }),
    ...(shared ? { shared } : {}),
  };
}

function describe(
  metric: LatencyMetric,
  state: LatencyState,
  shared: boolean,
  log10M: number,
  bound: number,
): string {
  const evidence = compareEvidence(log10M, bound);
  const { inflection } = state.trend;
  if (inflection !== undefined && log10M < bound) {
    const times = Math.exp(inflection.after - inflection.before).toFixed(2);
    return `the candidate became ${times} times as slow against stable (${inflection.z.toFixed(1)} standard errors): ${evidence}`;
  }
  const max = metric.thresholdRange?.max;
  if (max === undefined) {
    const c = state.candidate === undefined ? Number.NaN : quantileOf(state.candidate, 0.5);
    const s = state.stable === undefined ? Number.NaN : quantileOf(state.stable, 0.5);
    return `median ${shown(c)}, stable ${shown(s)}, ${metric.maxRatio} times tolerated: ${evidence}`;
  }
  const exact = state.candidate === undefined || isBound(state.candidate, max) ? '' : ' (interpolated)';
  const { requests, failures } = state.slow.candidate;
  const other = state.slow.stable;
  const excuse = shared
    ? `; stable does no better (${Math.round(other.failures)} of ${other.requests}), so the candidate is not to blame`
    : '';
  return `candidate ${Math.round(failures)} of ${requests} slower than ${milliseconds(max)}${exact}, ${percentage(allowance(metric))} allowed${excuse}: ${evidence}`;
}

function figuresOf(metric: LatencyMetric, state: LatencyState): Readonly<Record<string, number>> {
  const quantile = metric.quantile ?? 0.5;
  const candidateMs =
    state.candidate === undefined ? undefined : finite(quantileOf(state.candidate, quantile));
  const stableMs = state.stable === undefined ? undefined : finite(quantileOf(state.stable, quantile));
  const { inflection } = state.trend;
  return {
    quantile,
    ...(candidateMs === undefined ? {} : { candidateMs }),
    ...(stableMs === undefined ? {} : { stableMs }),
    ...(metric.thresholdRange === undefined ? {} : { maxMs: metric.thresholdRange.max }),
    ...(inflection === undefined ? {} : { inflectionAtMs: inflection.atMs, inflectionZ: inflection.z }),
  };
}

/** A figure, where there is one. */
export function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function shown(ms: number): string {
  return Number.isFinite(ms) ? milliseconds(ms) : 'unknown';
}

/** Which gate, and where it was read. */
export function identifyLatency(metric: LatencyMetric, look: GateLook) {
  return {
    gate: metric.name,
    type: metric.type,
    source: look.candidate?.sources.latencyMs ?? '',
    dryRun: metric.dryRun,
  };
}
