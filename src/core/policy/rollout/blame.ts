import { type ArmCounts, addCounts } from '../../stats/arms.ts';
import { accumulate, EMPTY_MIXTURE, log10Evidence, type Mixture } from '../../stats/mixture.ts';
import { twoByTwoFactors } from '../../stats/two-by-two.ts';
import { SUSPICION } from './gate.ts';
import { NO_ARMS } from './pairing.ts';

/**
 * Whether it is the candidate that breaches an absolute bound, or whatever both versions share (the machine, the
 * network, the callers): evidence that a larger share of the candidate's requests is beyond the bound than of
 * stable's. Taking a candidate out that does no worse than stable would help nobody.
 */
export interface Blame {
  readonly mixture: Mixture;
  /** Looks at both versions, fading: what stable's share is about. */
  readonly seen: ArmCounts;
}

export const NO_BLAME: Blame = { mixture: EMPTY_MIXTURE, seen: NO_ARMS };

const MEMORY = 5_000;

/** One look at both versions. */
export function learnBlame({ mixture, seen }: Blame, pair: ArmCounts): Blame {
  const stableShare = (seen.stable.failures + 0.5) / (seen.stable.requests + 1);
  const fade = seen.stable.requests > MEMORY ? 0.5 : 1;
  const faded = ({ requests, failures }: ArmCounts['stable']) => ({
    requests: fade * requests,
    failures: fade * failures,
  });
  return {
    mixture: accumulate(mixture, twoByTwoFactors(pair, stableShare), 'spread'),
    seen: {
      candidate: addCounts(faded(seen.candidate), pair.candidate),
      stable: addCounts(faded(seen.stable), pair.stable),
    },
  };
}

/** log10 of the evidence that the bound is breached, and by the candidate; without stable the bound is all there is. */
export function blamed(log10Absolute: number, { mixture }: Blame): number {
  return mixture.looks === 0 ? log10Absolute : Math.min(log10Absolute, log10Evidence(mixture, 'spread'));
}

/** The bound is breached, and nothing says that it is by the candidate. */
export function isShared(log10Absolute: number, blame: Blame, bound: number): boolean {
  return log10Absolute >= bound && blamed(log10Absolute, blame) < SUSPICION;
}
