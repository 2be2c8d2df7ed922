import { describe, expect, it } from 'vitest';
import { forecastDemand } from './forecast-demand.ts';

const season = (then: number, ahead: number) => ({ then, ahead });

describe('a forecast', () => {
  it.each([
    ['as it went on before', 100, [season(50, 100), season(200, 400)], 200],
    ['at the level of today', 300, [season(100, 150), season(100, 150), season(100, 150)], 450],
    ['by the middle one, not by a strange day', 100, [season(10, 12), season(10, 90), season(10, 11)], 120],
    ['of less, too', 100, [season(100, 50), season(100, 50)], 50],
    ['bounded', 100, [season(10, 900), season(10, 900)], 300],
  ])('is %s', (_, now, past, expected) => {
    expect(forecastDemand(now, past)).toBeCloseTo(expected);
  });

  it.each([
    ['no past', []],
    ['one season', [season(100, 200)]],
    ['seasons of next to nothing', [season(0, 100), season(0.5, 100)]],
  ])('is none with %s', (_, past) => {
    expect(forecastDemand(100, past)).toBeUndefined();
  });
});
