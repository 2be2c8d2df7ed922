import { describe, expect, it } from 'vitest';
import { costOf, type Exposure, expose } from './exposure.ts';

const look = (requests: number, toCandidate: number, failures: number) => ({
  requests,
  candidate: { requests: toCandidate, failures },
});

/** Looks with the weights that a rule gives meanwhile. */
const exposed = (...looks: readonly (readonly [number, ReturnType<typeof look>])[]): Exposure =>
  looks.reduce<Exposure>((exposure, [weight, counts]) => expose(exposure, weight, counts), []);

describe('the cost of a candidate', () => {
  it('ends when it is out of traffic, though the recording sends it more', () => {
    const exposure = exposed([1000, look(100, 10, 5)], [1000, look(100, 10, 5)], [0, look(100, 10, 5)]);
    expect(costOf(exposure).recorded).toEqual({ requests: 20, failures: 10 });
  });

  it('is estimated at the own weights, with the failure rate recorded meanwhile', () => {
    const exposure = exposed([500, look(1000, 100, 50)], [5000, look(1000, 100, 10)]);
    expect(costOf(exposure).estimated).toEqual({ requests: 50 + 500, failures: 25 + 50 });
  });

  it('is not guessed where the candidate had no requests to tell by', () => {
    expect(costOf(exposed([500, look(1000, 0, 0)])).estimated).toBeUndefined();
    expect(costOf(exposed([500, look(0, 0, 0)])).estimated).toEqual({ requests: 0, failures: 0 });
  });

  it('is nothing for who was never exposed', () => {
    expect(costOf(exposed([0, look(1000, 100, 100)]))).toEqual({
      recorded: { requests: 0, failures: 0 },
      estimated: { requests: 0, failures: 0 },
    });
  });
});
