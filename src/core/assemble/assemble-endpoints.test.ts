import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assembleEndpoints, type DiscoveredEndpoint } from './assemble-endpoints.ts';

const endpoint = (over: Partial<DiscoveredEndpoint>): DiscoveredEndpoint => ({
  address: '127.0.0.1',
  port: 1,
  weight: 1,
  zone: '',
  priority: 0,
  backup: false,
  health: 'healthy',
  ...over,
});
const none = new Map<string, number>();

describe('assembling endpoints', () => {
  it('gives equal endpoints equal weights', () =>
    expect(assembleEndpoints([endpoint({}), endpoint({ port: 2 })], none).map((each) => each.weight)).toEqual(
      [10_000, 10_000],
    ));

  it('keeps the ratio of static weights', () => {
    const [light, heavy] = assembleEndpoints(
      [endpoint({ weight: 1 }), endpoint({ port: 2, weight: 3 })],
      none,
    );
    expect((heavy?.weight ?? 0) / (light?.weight ?? 1)).toBe(3);
  });

  it('derates one endpoint and leaves its neighbour alone', () => {
    const both = [endpoint({}), endpoint({ port: 2 })];
    const factors = new Map([['127.0.0.1:2', 0.35]]);
    expect(assembleEndpoints(both, factors).map((each) => each.weight)).toEqual([10_000, 3500]);
  });

  it('never gives nothing: an endpoint without traffic cannot show that it is well', () =>
    expect(assembleEndpoints([endpoint({})], new Map([['127.0.0.1:1', 0]]))[0]?.weight).toBe(1));

  it('puts backups behind every tier', () => {
    const found = [endpoint({ backup: true }), endpoint({ port: 2 }), endpoint({ port: 3, priority: 4 })];
    expect(assembleEndpoints(found, none).map((each) => each.priority)).toEqual([2, 0, 1]);
  });

  it('gives the second tier its share beside the first, and leaves the others behind', () => {
    const found = [
      endpoint({ priority: 2, weight: 3 }),
      endpoint({ port: 2, priority: 2, weight: 1 }),
      endpoint({ port: 3, priority: 5, weight: 7 }),
      endpoint({ port: 4, priority: 9 }),
      endpoint({ port: 5, backup: true }),
    ];
    const factors = new Map([['127.0.0.1:2', 0.5]]);
    const assembled = assembleEndpoints(found, factors, 0.3);
    expect(assembled.map((each) => each.priority)).toEqual([0, 0, 0, 1, 2]);
    const [a = 0, b = 0, c = 0] = assembled.map((each) => each.weight);
    expect(c / (a + b + c)).toBeCloseTo(0.3, 3);
    expect(a / b).toBeCloseTo(6);
    expect(assembleEndpoints(found, factors, 0).map((each) => each.priority)).toEqual([0, 0, 1, 2, 3]);
  });

  it('sends nothing to backups by overflow', () => {
    const found = [endpoint({}), endpoint({ port: 2, backup: true })];
    expect(assembleEndpoints(found, none, 0.5).map((each) => each.priority)).toEqual([0, 1]);
  });

  it('leaves no gap between tiers, and its weights are what Envoy takes', () => {
    const any = fc.record({
      weight: fc.integer({ min: 1, max: 10_000 }),
      priority: fc.integer({ min: 0, max: 15 }),
      backup: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 20 }), (given) => {
        const assembled = assembleEndpoints(
          given.map((each, port) => endpoint({ ...each, port })),
          none,
        );
        const tiers = [...new Set(assembled.map((each) => each.priority))].sort((a, b) => a - b);
        expect(tiers).toEqual(tiers.map((_, i) => i));
        for (const each of assembled) expect(each.weight).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
