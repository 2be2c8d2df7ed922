import type { BreakerPolicy } from '../../api/traffic-policy.ts';
import { abandonedPercent, errorPercent, slowPercent } from './calls.ts';
import { HUNG_PERCENT } from './closed.ts';
import type { CallCounts } from './decision.ts';

/** Shares of the requests on the way back, in percent: the probes, then the recovery steps, last 100. */
export function recoveryShares(spec: BreakerPolicy): readonly number[] {
  const { percent } = spec.halfOpen;
  return [percent, ...spec.recovery.steps.filter((share) => share > percent)];
}

/** Samples that a step is judged by. */
function samplesNeeded(spec: BreakerPolicy, step: number): number {
  return step === 0 ? spec.halfOpen.minRequests : spec.recovery.minRequests;
}

/**
 * Whether a step went well. Bad as soon as the failures so far would be too many among all the samples needed,
 * good only with all of them: one lucky probe closes nothing.
 */
export function judgeStep(sampled: CallCounts, spec: BreakerPolicy, step: number): 'good' | 'bad' | 'open' {
  const needed = samplesNeeded(spec, step);
  const failed = (100 * sampled.failures) / Math.max(needed, sampled.requests);
  const slow = (100 * sampled.slow) / Math.max(needed, sampled.timed);
  const hung = (100 * sampled.abandoned) / Math.max(needed, sampled.requests + sampled.abandoned);
  if (hung >= HUNG_PERCENT) return 'bad';
  if (failed >= spec.errorThresholdPercent || slow >= spec.slowCall.thresholdPercent) return 'bad';
  return sampled.requests >= needed ? 'good' : 'open';
}

/** `18 of 20 samples at 5 %, 0 % failed, 0 % slow` */
export function describeStep(sampled: CallCounts, spec: BreakerPolicy, step: number): string {
  const share = recoveryShares(spec)[step] ?? 100;
  const figure = (value: number): string => `${Number(value.toFixed(1))} %`;
  const unanswered = sampled.abandoned === 0 ? '' : `, ${figure(abandonedPercent(sampled))} never answered`;
  return `${sampled.requests} of ${samplesNeeded(spec, step)} samples at ${share} %, ${figure(errorPercent(sampled))} failed, ${figure(slowPercent(sampled))} slow${unanswered}`;
}
