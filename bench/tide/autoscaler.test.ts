import { describe, expect, it } from 'vitest';
import { Autoscaler, type Behaviour, ONLINE, SYNC_SECONDS } from './autoscaler.ts';

/** Replicas at each look, from a number of them, while this many would do. */
function looks(behaviour: Behaviour, from: number, wanted: (second: number) => number, seconds: number) {
  const autoscaler = new Autoscaler(behaviour);
  const seen: number[] = [];
  let replicas = from;
  for (let at = 0; at <= seconds; at += SYNC_SECONDS) {
    replicas = autoscaler.look(at, replicas, wanted(at) / replicas);
    seen.push(replicas);
  }
  return seen;
}

describe('the algorithm of a HorizontalPodAutoscaler', () => {
  it('waits a minute for a rise to last, then adds two pods every 15 s', () => {
    const rise = looks(ONLINE, 3, (at) => (at < 60 ? 3 : 8), 240);
    // A recommendation of before the rise counts for 60 s.
    expect(rise.slice(4, 12)).toEqual([3, 3, 3, 5, 7, 8, 8, 8]);
  });

  it('waits five minutes for a fall to last, then takes a tenth a minute', () => {
    const later = looks(ONLINE, 10, (at) => (at < 60 ? 10 : 3), 900);
    expect(later.slice(0, 23).every((replicas) => replicas === 10)).toBe(true);
    expect(later.slice(23, 32)).toEqual([9, 9, 9, 9, 8, 8, 8, 8, 7]);
  });

  it.each([
    ['a difference of a tenth', 20 * 1.1, 20],
    ['more than that', 20 * 1.11, 20],
  ])('tolerates %s', (_, wanted, expected) => {
    expect(looks({ ...ONLINE, maxReplicas: 20 }, 20, () => wanted, 300).at(-1)).toBe(expected);
  });

  it('stays as it is while the metric is absent', () => {
    expect(new Autoscaler(ONLINE).look(0, 7, undefined)).toBe(7);
  });

  it('keeps its bounds', () => {
    expect(looks(ONLINE, 5, () => 0, 3600).at(-1)).toBe(2);
    expect(looks(ONLINE, 5, () => 1000, 3600).at(-1)).toBe(20);
  });
});
