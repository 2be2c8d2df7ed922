import type { RolloutMetric } from '../../api/model-rollout.ts';
import type { Reading } from '../../observation/reading.ts';
import { observeErrorRate } from './error-rate-gate.ts';
import type { GateEvidence, GateLook, GateOutcome } from './gate.ts';
import type { GateMemory, GateState } from './gate-memory.ts';
import { observeLatency } from './latency-gate.ts';
import { observeQuery } from './query-gate.ts';
import { observeScoreShift } from './score-shift-gate.ts';
import { type Turn, tell } from './turn.ts';

/** A look may be late by so many intervals before it is taken for a gap. */
const LATE_LOOKS = 2;

/**
 * Shows every gate this look. The chance of a false rollback is shared by those that test sequentially.
 * @param counting the traffic seen now is that of the present stage
 * @param bakingLooks looks of the time after the promotion, during it
 */
export function observeGates(turn: Turn, counting: boolean, bakingLooks: number | undefined): Turn {
  const { spec } = turn.input;
  const testing = spec.analysis.metrics.filter((metric) => metric.type !== 'Query').length;
  const alpha = spec.analysis.confidence.falseRollback / Math.max(1, testing);
  // While nobody looked nothing was missed: a restart is no time without data.
  const { interval } = spec.analysis;
  const missedMs = turn.elapsedMs > LATE_LOOKS * interval ? interval : turn.elapsedMs;
  const gates: Record<string, GateMemory> = {};
  const evidence: GateEvidence[] = [];
  let told = turn;
  for (const metric of spec.analysis.metrics) {
    const memory = rememberedFor(metric, turn);
    const look = lookFor(metric, turn, { alpha, counting, bakingLooks });
    const outcome = observe(metric, memory?.state, look);
    const blindMs = outcome.verdict === 'no-data' ? (memory?.blindMs ?? 0) + missedMs : 0;
    gates[metric.name] = {
      spec: JSON.stringify(metric),
      state: outcome.state,
      verdict: outcome.verdict,
      log10M: outcome.evidence.log10M,
      blindMs,
    };
    evidence.push(outcome.evidence);
    if (metric.dryRun && outcome.verdict === 'breach' && memory?.verdict !== 'breach') {
      told = tell(told, 'Warning', 'DryRunBreached', `${metric.name} (dry run): ${outcome.evidence.message}`);
    }
  }
  return { ...told, evidence, state: { ...told.state, gates } };
}

function rememberedFor(metric: RolloutMetric, turn: Turn): GateMemory | undefined {
  const memory = turn.state.gates[metric.name];
  return memory?.spec === JSON.stringify(metric) ? memory : undefined;
}

function lookFor(
  metric: RolloutMetric,
  { input, state }: Turn,
  share: Pick<GateLook, 'alpha' | 'counting' | 'bakingLooks'>,
): GateLook {
  const { spec, observation, rollout, nowMs } = input;
  const queried = (version: string): Reading<number> =>
    observation.queries.get(`${rollout}/${metric.name}/${version}`) ?? {
      kind: 'missing',
      detail: `the query was not answered for ${version}`,
    };
  return {
    ...share,
    nowMs,
    candidate: observation.versions.get(spec.candidate),
    stable: observation.versions.get(spec.stable),
    query: { candidate: queried(spec.candidate), stable: queried(spec.stable) },
    beta: spec.analysis.confidence.falseAdvance,
    failureDispersion: input.failureDispersion,
    stage: state.stage,
  };
}

/** A memory is only handed to the type that wrote it: an edited spec has dropped all others. */
function observe(
  metric: RolloutMetric,
  state: GateState | undefined,
  look: GateLook,
): GateOutcome<GateState> {
  switch (metric.type) {
    case 'ErrorRate':
      return observeErrorRate(metric, state?.type === 'ErrorRate' ? state : undefined, look);
    case 'Latency':
      return observeLatency(metric, state?.type === 'Latency' ? state : undefined, look);
    case 'ScoreShift':
      return observeScoreShift(metric, state?.type === 'ScoreShift' ? state : undefined, look);
    case 'Query':
      return observeQuery(metric, state?.type === 'Query' ? state : undefined, look);
  }
}
