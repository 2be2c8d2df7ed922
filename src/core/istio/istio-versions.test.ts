import { describe, expect, it } from 'vitest';
import { istioVersionProblem } from './istio-versions.ts';

describe('istioVersionProblem', () => {
  it.each(['1.28', '1.29.2', 'v1.30.0', '1.31.0-rc.1'])('takes %s', (version) => {
    expect(istioVersionProblem(version)).toBeUndefined();
  });

  it.each([
    ['1.27.4', 'the anchor is made for Istio 1.28 to 1.31, not for 1.27.4'],
    ['2.0', 'the anchor is made for Istio 1.28 to 1.31, not for 2.0'],
    ['latest', 'latest is no version of Istio; such as 1.31'],
  ])('refuses %s', (version, problem) => {
    expect(istioVersionProblem(version)).toBe(problem);
  });
});
