import { describe, expect, it } from 'vitest';
import { AckTimes } from './ack-times.ts';

function timesOf(values: Iterable<number>): AckTimes {
  const times = new AckTimes();
  for (const value of values) times.add(value);
  return times;
}

describe('the times from push to acknowledgement', () => {
  it.each([
    [[], undefined],
    [[7], { p50: 7, p99: 7, count: 1 }],
    [[3, 1, 2], { p50: 2, p99: 3, count: 3 }],
    [Array.from({ length: 100 }, (_, i) => 100 - i), { p50: 50, p99: 99, count: 100 }],
  ])('of %j are %j', (values, expected) => expect(timesOf(values).summary()).toEqual(expected));

  it('are of the latest 2048, all of them counted', () => {
    const values = [...Array.from({ length: 3000 }, () => 1000), ...Array.from({ length: 2048 }, () => 1)];
    expect(timesOf(values).summary()).toEqual({ p50: 1, p99: 1, count: 5048 });
  });
});
