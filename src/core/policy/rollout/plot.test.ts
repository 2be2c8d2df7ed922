import { describe, expect, it } from 'vitest';
import { addPoint, EMPTY_PLOT, pointsOf } from './plot.ts';

describe('the points of a plot', () => {
  let plot = EMPTY_PLOT;
  for (let second = 0; second < 5000; second++) {
    const atMs = 1_700_000_000_000 + 1000 * second;
    plot = addPoint(plot, { atMs, log10M: 1 / 3, candidate: undefined, stable: 0.123456 });
  }
  const points = pointsOf(plot);
  const secondOf = ({ atMs }: { readonly atMs: number }) => (atMs - 1_700_000_000_000) / 1000;

  it('keep the beginning and the newest, in their order, and stay few', () => {
    expect(points.length).toBeLessThanOrEqual(120);
    expect(points.map(secondOf)[0]).toBe(0);
    expect(points.slice(-30).map(secondOf)).toEqual(Array.from({ length: 30 }, (_, i) => 4970 + i));
    expect(points.every((point, i) => i === 0 || point.atMs > (points[i - 1]?.atMs ?? 0))).toBe(true);
  });

  it('are kept in little and shown as they were', () => {
    expect(points.at(-1)).toMatchObject({ log10M: 0.333, candidate: undefined, stable: 0.123 });
    expect(JSON.stringify(plot).length).toBeLessThan(4000);
    expect(pointsOf(JSON.parse(JSON.stringify(plot)))).toEqual(points);
  });
});
