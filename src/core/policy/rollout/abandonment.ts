import { absoluteErrorFactors } from '../../stats/absolute-error.ts';
import { type ArmCounts, abandonedOf, addCounts } from '../../stats/arms.ts';
import { accumulate, EMPTY_MIXTURE, log10Evidence, type Mixture } from '../../stats/mixture.ts';
import { relativeErrorFactors } from '../../stats/relative-error.ts';
import { NO_ARMS, pairCounts } from './pairing.ts';

/**
 * Calls that ended without an answer, candidate against stable: what hangs has no failures to show. People who
 * press "stop" do so on both versions alike, and are forgiven by that; what one version loses beyond it is its own.
 */
export interface Abandonment {
  readonly pending: ArmCounts;
  readonly total: ArmCounts;
  readonly relative: Mixture;
  readonly absolute: Mixture;
}

export const NO_ABANDONMENT: Abandonment = {
  pending: NO_ARMS,
  total: NO_ARMS,
  relative: EMPTY_MIXTURE,
  absolute: EMPTY_MIXTURE,
};

export interface AbandonmentBounds {
  readonly maxRatio: number;
  /** Share of lost calls that is always tolerated. */
  readonly maxRate: number;
}

/** Capital of the two questions that an error gate asks: does it fail, does it hang. Most calls that go wrong fail. */
const FAILS = 0.9;
const HANGS = 0.1;

/** One look more; nothing changes where the source cannot tell what was abandoned. */
export function learnAbandonment(
  state: Abandonment,
  counts: ArmCounts,
  { maxRatio, maxRate }: AbandonmentBounds,
): Abandonment {
  if (counts.candidate.abandoned === undefined || counts.stable.abandoned === undefined) return state;
  const lost = { candidate: abandonedOf(counts.candidate), stable: abandonedOf(counts.stable) };
  const { pending, pair } = pairCounts(state.pending, lost);
  return {
    pending,
    total: {
      candidate: addCounts(state.total.candidate, lost.candidate),
      stable: addCounts(state.total.stable, lost.stable),
    },
    relative:
      pair === undefined
        ? state.relative
        : accumulate(state.relative, relativeErrorFactors(pair, maxRatio), 'spread'),
    absolute:
      lost.candidate.requests === 0
        ? state.absolute
        : accumulate(state.absolute, absoluteErrorFactors(lost.candidate, maxRate), 'spread'),
  };
}

/** log10 of the evidence that the candidate hangs; both tests must reject. */
export function log10Abandonment({ relative, absolute }: Abandonment): number {
  return Math.min(log10Evidence(relative, 'spread'), log10Evidence(absolute, 'spread'));
}

/** Evidence that it fails or that it hangs: a mean of evidence is evidence. Without any call lost it costs nothing. */
export function eitherEvidence(log10Fails: number, state: Abandonment): number {
  if (state.total.candidate.failures === 0) return log10Fails;
  const hangs = log10Abandonment(state);
  const most = Math.max(log10Fails, hangs);
  return most + Math.log10(FAILS * 10 ** (log10Fails - most) + HANGS * 10 ** (hangs - most));
}
