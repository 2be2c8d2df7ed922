import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FlowInput, layoutFlow } from './flow-layout.ts';

const endpoints = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ address: `a:${i}`, share: 1 / count }));
const input = (rest: Partial<FlowInput>): FlowInput => ({
  admitted: 1,
  hasBreaker: true,
  versions: [
    { name: 'v1', share: 0.75, endpoints: endpoints(3) },
    { name: 'v2', share: 0.25, endpoints: endpoints(2) },
  ],
  width: 1_000,
  ...rest,
});

describe('the flow picture', () => {
  it('draws versions as thick as their shares', () => {
    const { versions, callers } = layoutFlow(input({}));
    expect(versions.map(({ bar }) => bar.height / callers.height)).toEqual([0.75, 0.25]);
  });

  it('draws a version without traffic as a line', () => {
    const { versions } = layoutFlow(
      input({
        versions: [
          { name: 'v1', share: 1, endpoints: [] },
          { name: 'v2', share: 0, endpoints: endpoints(1) },
        ],
      }),
    );
    expect(versions.map(({ ribbon }) => ribbon.idle)).toEqual([false, true]);
    expect(versions[1]?.endpoints[0]?.ribbon.idle).toBe(true);
  });

  it('sends what the breaker refuses to the fallback', () => {
    expect(layoutFlow(input({})).fallback).toBeUndefined();
    const { fallback, callers, versions } = layoutFlow(input({ admitted: 0.05 }));
    expect((fallback?.bar.height ?? 0) / callers.height).toBeCloseTo(0.95);
    expect(versions[0]?.bar.height).toBeCloseTo(0.05 * 0.75 * callers.height);
  });

  it('has no breaker where the service has none', () => {
    expect(layoutFlow(input({ hasBreaker: false })).breaker).toBeUndefined();
  });

  it('shows at most six endpoints a version, and none on a phone', () => {
    const many = input({ versions: [{ name: 'v1', share: 1, endpoints: endpoints(40) }] });
    expect(layoutFlow(many).versions[0]).toMatchObject({ hidden: 34 });
    expect(layoutFlow({ ...many, width: 340 }).versions[0]?.endpoints).toEqual([]);
  });

  it('keeps everything inside and nothing over another, whatever the shares', () => {
    const share = fc.float({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(share, fc.nat(9)), { minLength: 1, maxLength: 6 }),
        share,
        fc.integer({ min: 300, max: 2_000 }),
        (parts, admitted, width) => {
          const total = parts.reduce((sum, [part]) => sum + part, 0) || 1;
          const versions = parts.map(([part, count], i) => ({
            name: `v${i}`,
            share: part / total,
            endpoints: endpoints(count),
          }));
          const layout = layoutFlow(input({ versions, admitted, width }));
          const bars = [
            ...layout.versions.map(({ bar }) => bar),
            ...(layout.fallback ? [layout.fallback.bar] : []),
          ];
          for (const [i, bar] of bars.entries()) {
            expect(bar.y).toBeGreaterThanOrEqual(0);
            expect(bar.y + bar.height).toBeLessThanOrEqual(layout.height + 0.001);
            const next = bars[i + 1];
            if (next) expect(bar.y + bar.height).toBeLessThan(next.y);
          }
        },
      ),
    );
  });
});
