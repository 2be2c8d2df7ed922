import { absoluteErrorFactors } from '../../src/core/stats/absolute-error.ts';
import type { ArmCounts } from '../../src/core/stats/arms.ts';
import {
  accumulate,
  EMPTY_MIXTURE,
  logEvidence,
  type Mixture,
  type Opening,
} from '../../src/core/stats/mixture.ts';
import { relativeErrorFactors } from '../../src/core/stats/relative-error.ts';

/** A rule that looks once a second and may call for a rollback. */
export interface Rule {
  readonly name: string;
  /** Starts a run; the result is told each second's counts and says whether it rolls back now. */
  start(): (counts: ArmCounts) => boolean;
}

/** Ours: the relative and the absolute sequential test, both of which must reject. */
export function sequentialRule(opening: Opening, alpha: number, maxRatio: number, maxRate: number): Rule {
  const limit = -Math.log(alpha);
  return {
    name: opening === 'once' ? 'sequential, from the start' : 'sequential, change at any time (ours)',
    start() {
      let relative: Mixture = EMPTY_MIXTURE;
      let absolute: Mixture = EMPTY_MIXTURE;
      return (counts) => {
        if (counts.candidate.requests === 0) return false;
        relative = accumulate(relative, relativeErrorFactors(counts, maxRatio), opening);
        absolute = accumulate(absolute, absoluteErrorFactors(counts.candidate, maxRate), opening);
        return Math.min(logEvidence(relative, opening), logEvidence(absolute, opening)) >= limit;
      };
    },
  };
}

/** What is commonly done: a two-proportion z-test of everything so far, looked at every second, at 5 %. */
export const naiveRule: Rule = {
  name: 'z-test peeked at every second (5 %)',
  start() {
    let nc = 0;
    let ns = 0;
    let xc = 0;
    let xs = 0;
    return (counts) => {
      nc += counts.candidate.requests;
      xc += counts.candidate.failures;
      ns += counts.stable.requests;
      xs += counts.stable.failures;
      const pooled = (xc + xs) / (nc + ns);
      const error = Math.sqrt(pooled * (1 - pooled) * (1 / nc + 1 / ns));
      return error > 0 && Math.abs(xc / nc - xs / ns) / error > 1.96;
    };
  },
};
