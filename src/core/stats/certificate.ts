import type { RequestCounts } from '../observation/observation.ts';
import { rateFactors } from './absolute-error.ts';
import type { ArmCounts } from './arms.ts';
import { accumulate, logSumExp, type Mixture } from './mixture.ts';
import { BETTER_RATIO_GRID, relativeErrorFactors } from './relative-error.ts';

/**
 * The certificate "safe enough for the next step": the mirror image of the error tests. Its null hypothesis is
 * what a rollback would assert, θ_c ≥ δ (and θ_c ≥ r0·θ_s where a ratio is given), so a step that advances on
 * M ≥ 1/β advances a candidate that bad with probability at most β.
 *
 * Nearly all the capital is on "a five-hundredth of δ", so that a clean candidate needs what the exact test needs,
 * ln(1/β)/−ln(1 − δ) requests: 299 for δ = 1 % and β = .05. A bet on "never" would gain no more and lose everything
 * with the first failure, which one in four good candidates has by then. The rest carries those that fail now and then.
 */
const RATES = [
  { share: 0.002, weight: 0.9975 },
  { share: 0.05, weight: 0.001 },
  { share: 0.2, weight: 0.001 },
  { share: 0.5, weight: 0.0003 },
] as const;
const RATIO_WEIGHT = 0.0002;

const LOG_WEIGHTS = [
  ...RATES.map((rate) => Math.log(rate.weight)),
  ...BETTER_RATIO_GRID.map(() => Math.log(RATIO_WEIGHT / BETTER_RATIO_GRID.length)),
];

export interface CertificateBounds {
  /** δ: the failure rate that the candidate must be shown to stay under. */
  readonly maxRate: number;
  /** r0: failing less than this many times as often as stable is good enough too; undefined: no such way out. */
  readonly maxRatio: number | undefined;
}

/**
 * One look more. The account opens once: what was good before counts.
 * @param compared both versions, where they can be compared at this look; undefined: only the rate is judged
 */
export function certify(
  state: Mixture,
  candidate: RequestCounts,
  compared: ArmCounts | undefined,
  bounds: CertificateBounds,
): Mixture {
  const rates = RATES.map((rate) => rate.share * bounds.maxRate);
  const relative =
    bounds.maxRatio === undefined || compared === undefined
      ? BETTER_RATIO_GRID.map(() => 0)
      : relativeErrorFactors(compared, bounds.maxRatio, BETTER_RATIO_GRID);
  return accumulate(state, [...rateFactors(candidate, bounds.maxRate, rates), ...relative], 'once');
}

/** Natural log of the certificate's evidence; 0 before the first look. */
export function logCertificate(state: Mixture): number {
  if (state.looks === 0) return 0;
  return logSumExp(state.logs.map((log, k) => log + (LOG_WEIGHTS[k] ?? 0)));
}

/**
 * How many more requests without a failure lead to the certificate: the derived minimum traffic of a step.
 * @param falseAdvance β in (0, 1]
 * @returns 0 when it is there already
 */
export function requestsToCertificate(
  state: Mixture,
  bounds: CertificateBounds,
  falseAdvance: number,
): number {
  const target = -Math.log(falseAdvance);
  const logs = LOG_WEIGHTS.map((weight, k) => weight + (state.logs[k] ?? 0));
  const gains = LOG_WEIGHTS.map((_, k) => {
    const rate = RATES[k];
    return rate === undefined ? 0 : Math.log((1 - rate.share * bounds.maxRate) / (1 - bounds.maxRate));
  });
  const reached = (requests: number) =>
    logSumExp(logs.map((log, k) => log + requests * (gains[k] ?? 0))) >= target;
  if (reached(0)) return 0;
  let high = 1;
  while (!reached(high)) high *= 2;
  let low = high / 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (reached(middle)) high = middle;
    else low = middle;
  }
  return high;
}
