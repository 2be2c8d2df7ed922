import { describe, expect, it } from 'vitest';
import { NO_DECISIONS, type ServiceDecisions } from './decisions.ts';
import { decidesNothing, decisionsFromJson, decisionsToJson } from './decisions-json.ts';

const DECISIONS: ServiceDecisions = {
  weights: [
    { version: 'v1', weight: 7500 },
    { version: 'v2', weight: 2500 },
  ],
  slices: [{ by: { slice: 'north' }, weights: [{ version: 'v1', weight: 10_000 }] }],
  salt: 's',
  mirror: { version: 'v2', percent: 10 },
  admitted: 500,
  endpointFactors: new Map([['v1', new Map([['10.0.0.1:9000', 0.5]])]]),
  overflow: new Map([['v1', 0.4]]),
  limitRates: new Map([['protect', 120]]),
  limitShares: new Map([['all', { a: 10 }]]),
};

describe('decisions', () => {
  it.each([
    ['all of them', DECISIONS],
    ['none', NO_DECISIONS],
  ])('come back as they were: %s', (_, decisions) => {
    expect(decisionsFromJson(JSON.parse(JSON.stringify(decisionsToJson(decisions))))).toEqual(decisions);
  });

  it.each([
    [undefined],
    [null],
    ['text'],
    [{}],
    [{ ...decisionsToJson(DECISIONS), weights: [{ version: 'v1' }] }],
  ])('of another kind are none: %j', (value) => {
    expect(decisionsFromJson(value)).toBeUndefined();
  });

  it('that decide nothing are told apart', () => {
    expect(decidesNothing(NO_DECISIONS)).toBe(true);
    expect(decidesNothing({ ...NO_DECISIONS, admitted: 0 })).toBe(false);
  });
});
