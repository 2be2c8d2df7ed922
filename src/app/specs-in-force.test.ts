import { describe, expect, it } from 'vitest';
import { readSpecs } from '../core/api/read-specs.ts';
import { SpecsInForce } from './specs-in-force.ts';

const text = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec: {port: 9000, versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: 1}]}}]}
`;
const good = { specs: readSpecs([{ file: 'a.yaml', text }]), problems: ['a.yaml:1: a warning'] };
const bad = { specs: undefined, problems: ['a.yaml:5: spec.port: is 90000; at most 65535'] };

describe('the specs in force', () => {
  it('are those of the last good reading, while the problems of a bad one are told', () => {
    const specs = new SpecsInForce(['a.yaml']);
    expect([...(specs.take(good, 1000)?.services.keys() ?? [])]).toEqual(['default/fraud']);
    expect(specs.take(bad, 2000)).toBeUndefined();
    expect(specs.valid).toBe(false);
    expect(specs.status()).toEqual({ files: ['a.yaml'], loadedAt: 1000, problems: bad.problems });
    expect(specs.take(good, 3000)).toBeDefined();
    expect(specs.valid).toBe(true);
    expect(specs.status()).toEqual({ files: ['a.yaml'], loadedAt: 3000, problems: [] });
  });

  it('tell two readings apart that are of the same millisecond, or of a clock set back', () => {
    const specs = new SpecsInForce([]);
    const loadedAt = [1000, 1000, 500].map((nowMs) => {
      specs.take(good, nowMs);
      return specs.status().loadedAt;
    });
    expect(loadedAt).toEqual([1000, 1001, 1002]);
  });
});
