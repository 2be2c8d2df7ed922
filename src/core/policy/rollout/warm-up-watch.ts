import type { RolloutMetric } from '../../api/model-rollout.ts';
import { observeGates } from './observe-gates.ts';
import type { Turn } from './turn.ts';

/** Share of its requests that a candidate may fail while it warms up: caches are cold, but it has to answer. */
const COLD_MAX_RATE = 0.5;

/**
 * Shows the error gates a look of the warm-up, by a bound that only a candidate that is as good as dead breaches:
 * most of its requests fail (or hang), and stable's do not. What is learned here is not carried into the ramp: a
 * memory belongs to the bounds that it was made with, and these are others.
 */
export function observeWarmUp(turn: Turn): Turn {
  const { input, state } = turn;
  const { analysis } = input.spec;
  const metrics = analysis.metrics.flatMap(coldGate);
  const cold = { ...input, spec: { ...input.spec, analysis: { ...analysis, metrics } } };
  const seen = observeGates({ ...turn, input: cold }, false, undefined);
  const evidence = seen.evidence.map((each) => ({
    ...each,
    message: `while warming up, ${each.message}`,
    needed: undefined,
  }));
  return {
    ...seen,
    input,
    evidence,
    state: { ...seen.state, gates: { ...state.gates, ...seen.state.gates } },
  };
}

function coldGate(metric: RolloutMetric): readonly RolloutMetric[] {
  if (metric.type !== 'ErrorRate') return [];
  const max = Math.max(COLD_MAX_RATE, metric.thresholdRange?.max ?? 0);
  return [{ ...metric, thresholdRange: { ...metric.thresholdRange, max } }];
}
