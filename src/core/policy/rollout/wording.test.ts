import { describe, expect, it } from 'vitest';
import { compareEvidence, milliseconds, neededTraffic, percentage, weightPercent } from './wording.ts';

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
