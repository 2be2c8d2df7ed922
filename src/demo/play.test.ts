import { describe, expect, it } from 'vitest';
import { mergeFigures } from './play.ts';

describe('putting figures together', () => {
  it('sums losses over the acts', () =>
    expect(
      mergeFigures(
        { lostRequests: { byWeights: 1, byBreaker: 0, byLimits: 0, byRestart: 2 } },
        { lostRequests: { byWeights: 3 } },
      ),
    ).toEqual({ lostRequests: { byWeights: 4, byBreaker: 0, byLimits: 0, byRestart: 2 } }));
  it('lays the parts of one figure over each other', () =>
    expect(
      mergeFigures(
        { ...mergeFigures({}, { restart: { breakerBefore: 'OPEN' } }) },
        { restart: { breakerAfter: 'OPEN' } },
      ),
    ).toEqual({
      restart: { breakerBefore: 'OPEN', breakerAfter: 'OPEN' },
    }));
  it('adds figures that were not there', () =>
    expect(mergeFigures({ usersMovedBack: 0 }, { promotion: { afterSeconds: 2 } })).toEqual({
      usersMovedBack: 0,
      promotion: { afterSeconds: 2 },
    }));
});
