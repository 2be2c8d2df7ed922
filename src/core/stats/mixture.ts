/**
 * How evidence accumulates over looks. A test hands in one log factor per component (an alternative of its
 * grid) and look, each with mean ≤ 1 under its null hypothesis; the state keeps one log per component.
 *
 * When a component's account is opened decides what the sum is good for:
 * - `once`: at the first look. The sum is a test martingale; by Ville's inequality
 *   P(it ever reaches 1/α) ≤ α (arXiv 2106.02693).
 * - `spread`: a share of the capital is opened at every look, the shares sum to 1. Still an e-process with the
 *   same bound for ever, but a candidate that was fine for an hour and fails now is caught as if it were new,
 *   at the price of ln(1/share) nats: about 1 at the start, 12 after 30 minutes of looks a second.
 * - `every`: a whole unit at every look: the Shiryaev–Roberts e-detector S = (S + 1)·E (arXiv 2203.03532);
 *   alarm at S ≥ A has a mean number of looks to a false alarm of at least A.
 */
export type Opening = 'once' | 'spread' | 'every';

/** Plain value, survives JSON. */
export interface Mixture {
  readonly looks: number;
  /** Natural logs, one per component; empty before the first look. */
  readonly logs: readonly number[];
}

export const EMPTY_MIXTURE: Mixture = { looks: 0, logs: [] };

/** Logs below this are as good as nothing; keeps states finite, so that JSON carries them. */
const FLOOR = -1e6;

/**
 * One look more.
 * @param logFactors natural log of each component's factor at this look; the same number at every look
 */
export function accumulate(state: Mixture, logFactors: readonly number[], opening: Opening): Mixture {
  if (state.looks > 0 && state.logs.length !== logFactors.length) {
    throw new Error(`a mixture of ${state.logs.length} components was given ${logFactors.length} factors`);
  }
  const looks = state.looks + 1;
  const opened = logOpened(looks, opening);
  const logs = logFactors.map((factor, k) => {
    const before = state.logs[k] ?? Number.NEGATIVE_INFINITY;
    return Math.max(FLOOR, logAdd(before, opened) + factor);
  });
  return { looks, logs };
}

/**
 * Natural log of the evidence: the weighted mean over components, plus the capital that is not opened yet.
 * @param logWeights natural logs of the components' weights, summing to 1; equal weights without it
 */
export function logEvidence(state: Mixture, opening: Opening, logWeights?: readonly number[]): number {
  const unopened = logUnopened(state.looks, opening);
  if (state.looks === 0) return unopened;
  const equal = -Math.log(state.logs.length);
  const mean = logSumExp(state.logs.map((log, k) => log + (logWeights?.[k] ?? equal)));
  return logAdd(mean, unopened);
}

/** log₁₀ of the evidence, as it is recorded and shown; never below −99, so that it is always a number. */
export function log10Evidence(state: Mixture, opening: Opening, logWeights?: readonly number[]): number {
  return Math.max(-99, logEvidence(state, opening, logWeights) / Math.LN10);
}

/** ln Σ exp, without overflow. −Infinity for nothing. */
export function logSumExp(logs: readonly number[]): number {
  const top = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (top === Number.NEGATIVE_INFINITY) return top;
  return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0));
}

function logAdd(a: number, b: number): number {
  const top = Math.max(a, b);
  return top === Number.NEGATIVE_INFINITY ? top : top + Math.log1p(Math.exp(Math.min(a, b) - top));
}

/** Share of the capital still unopened after `looks` in `spread`: falls as slowly as a summable share may. */
function spreadRemainder(looks: number): number {
  return Math.LN2 / Math.log(looks + 2);
}

function logOpened(look: number, opening: Opening): number {
  if (opening === 'every') return 0;
  if (opening === 'once') return look === 1 ? 0 : Number.NEGATIVE_INFINITY;
  return Math.log(spreadRemainder(look - 1) - spreadRemainder(look));
}

function logUnopened(looks: number, opening: Opening): number {
  if (opening === 'spread') return Math.log(spreadRemainder(looks));
  return opening === 'once' && looks === 0 ? 0 : Number.NEGATIVE_INFINITY;
}
