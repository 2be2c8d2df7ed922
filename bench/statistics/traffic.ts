import type { ArmCounts } from '../../src/core/stats/arms.ts';
import { binomial, poisson, type Random } from './random.ts';

/** The setting of the published table: a candidate at a tenth of the traffic beside a good stable version. */
export interface Setting {
  readonly ratePerSecond: number;
  readonly candidateShare: number;
  readonly stableFailureRate: number;
  readonly candidateFailureRate: number;
}

/** One second of traffic. */
export function drawSecond(random: Random, setting: Setting): ArmCounts {
  const nc = poisson(random, setting.ratePerSecond * setting.candidateShare);
  const ns = poisson(random, setting.ratePerSecond * (1 - setting.candidateShare));
  return {
    candidate: { requests: nc, failures: binomial(random, nc, setting.candidateFailureRate) },
    stable: { requests: ns, failures: binomial(random, ns, setting.stableFailureRate) },
  };
}
