import type { DistributionStatus, GateStatus, RolloutStatus } from '../../src/core/status/status.ts';

/** Gates of a candidate that is as good as the stable version, or of one that fails its calls. */
export function sampleGates(now: number, kind: 'good' | 'bad'): readonly GateStatus[] {
  const bad = kind === 'bad';
  const drift = (speed: number, phase: number) =>
    -1.4 + 0.7 * Math.sin(now / speed + phase) + 0.2 * Math.sin(now / 900);
  const gate = (name: string, type: string, rest: Partial<GateStatus>): GateStatus => ({
    name,
    type,
    verdict: 'pass',
    dryRun: false,
    message: '',
    source: 'load reports of 8 sidecars',
    log10Evidence: undefined,
    log10Bound: 3,
    stable: undefined,
    candidate: undefined,
    unit: 'ratio',
    ...rest,
  });
  return [
    gate('errors', 'ErrorRate', {
      verdict: bad ? 'breach' : 'pass',
      message: bad
        ? 'v9 fails 30.2 % of its calls, v8 0.1 %'
        : 'v2 fails no more than v1 within the allowed ratio of 2',
      log10Evidence: bad ? 6.2 : drift(21_000, 0),
      stable: 0.0012,
      candidate: bad ? 0.302 : 0.0011,
    }),
    gate('p95', 'Latency', {
      verdict: 'insufficient',
      message: 'needs 860 more requests to tell a p95 of 80 ms',
      source: 'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="default/fraud/v2"}',
      log10Evidence: drift(33_000, 2),
      stable: 21.5,
      candidate: 22.4,
      unit: 'ms',
    }),
    gate('scores', 'ScoreShift', {
      message: 'largest difference of the distributions 0.021, bound 0.05',
      dryRun: true,
      log10Evidence: drift(41_000, 4),
      stable: 0.871,
      candidate: 0.868,
    }),
    gate('rejections', 'Query', {
      verdict: 'no-data',
      message: 'the query returned nothing for v2',
      source: 'sum(rate(rejections_total{version="v2"}[1m]))',
      log10Bound: undefined,
    }),
  ];
}

/** A rollout that failed at its first step, 50 minutes after it began. */
export function sampleRolledBack(
  base: Pick<RolloutStatus, 'namespace' | 'startedAt' | 'slices' | 'laggards' | 'conditions'>,
  steps: RolloutStatus['steps'],
): RolloutStatus {
  return {
    ...base,
    name: 'ranker-v9',
    service: 'ranker',
    stable: 'v8',
    candidate: 'v9',
    phase: 'RolledBack',
    message: 'errors: 30.2 % of v9 against 0.1 % of v8 after 86 requests',
    weight: 0,
    step: 0,
    steps,
    phaseSince: base.startedAt + 3_000_000,
    requests: undefined,
    gates: sampleGates(base.startedAt + 3_000_000, 'bad'),
    distributions: [sampleLatency(2.6), sampleScores(0.3)],
  };
}

/** Latency of both versions, the candidate `slower` times slower. */
export function sampleLatency(slower: number): DistributionStatus {
  const bounds = [2, 4, 6, 8, 10, 13, 17, 22, 28, 36, 47, 61, 80, 104, 136, 200];
  return {
    name: 'latency',
    unit: 'ms',
    bounds,
    stable: bell(bounds, 14, 1),
    candidate: bell(bounds, 14 * slower, 0.33),
  };
}

/** Scores of both versions in [0, 1], the candidate's `lower` by so much. */
export function sampleScores(lower: number): DistributionStatus {
  const bounds = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);
  const shape = (peak: number, scale: number) =>
    [...bounds, 1].map((bound) => Math.round(900 * scale * Math.exp(-(((bound - peak) / 0.16) ** 2))));
  return { name: 'scores', unit: '', bounds, stable: shape(0.92, 1), candidate: shape(0.92 - lower, 0.33) };
}

function bell(bounds: readonly number[], peak: number, scale: number): readonly number[] {
  return [...bounds, 280].map((bound) =>
    Math.round(1_200 * scale * Math.exp(-((Math.log(bound / peak) / 0.55) ** 2))),
  );
}
