import { describe, expect, it } from 'vitest';
import { addPoint, type EvidencePoint } from './gate.ts';
import { compareEvidence, milliseconds, neededTraffic, percentage, weightPercent } from './wording.ts';

describe('the points of a plot', () => {
  it('keep the beginning and the newest, and stay few', () => {
    let points: readonly EvidencePoint[] = [];
    for (let second = 0; second < 5000; second++) {
      points = addPoint(points, { atMs: second, log10M: 1 / 3, candidate: undefined, stable: 0.123456 });
    }
    expect(points.length).toBeLessThanOrEqual(120);
    expect(points[0]?.atMs).toBe(0);
    expect(points.slice(-30).map((point) => point.atMs)).toEqual(
      Array.from({ length: 30 }, (_, i) => 4970 + i),
    );
    expect(points.at(-1)).toEqual({ atMs: 4999, log10M: 0.3333, candidate: undefined, stable: 0.1235 });
    expect(points.every((point, i) => i === 0 || point.atMs > (points[i - 1]?.atMs ?? 0))).toBe(true);
  });
});

describe('words for people', () => {
  it.each([
    [compareEvidence(9.23, 3), 'M = 10^9.2 ≥ 10^3'],
    [compareEvidence(-0.4, 3.602), 'M = 10^-0.4 < 10^3.6'],
    [neededTraffic(212, 298.6, 'requests'), '212 of ~299 requests'],
    [percentage(0.01), '1 %'],
    [percentage(0.0012), '0.12 %'],
    [percentage(0), '0 %'],
    [milliseconds(80), '80 ms'],
    [milliseconds(1.25), '1.3 ms'],
    [weightPercent(3000), '30 %'],
    [weightPercent(1250), '12.5 %'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected);
  });
});
