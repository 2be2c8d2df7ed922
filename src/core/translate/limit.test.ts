import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { TypedExtensionConfigSchema } from '../../gen/envoy/config/core/v3/core_pb.js';
import { LocalRateLimitSchema } from '../../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_ratelimit_pb.js';
import type { LimitIr } from '../ir/ir.ts';
import { serviceIr } from './ir-fixture.ts';
import { limitFilters } from './limit.ts';
import { LIMIT_SLOTS } from './limit-slots.ts';

function filterOf(value: Uint8Array) {
  const { typedConfig } = fromBinary(TypedExtensionConfigSchema, value);
  return typedConfig && anyUnpack(typedConfig, LocalRateLimitSchema);
}

/** Tokens a second and in a full bucket, by the name of the filter's resource. */
function bucketsOf(shares: Readonly<Record<string, number>> | undefined) {
  const limit = { name: 'all', requestsPerSecond: 100, burst: 50, shares };
  return limitFilters(serviceIr({ limits: [limit] })).map(({ name, value }) => {
    const filter = filterOf(value);
    const bucket = filter?.descriptors[0]?.tokenBucket;
    const { seconds = 0n, nanos = 0 } = bucket?.fillInterval ?? {};
    const perSecond = (bucket?.tokensPerFill ?? 0) / (Number(seconds) + nanos / 1e9);
    return { name, perSecond: Number(perSecond.toFixed(3)), burst: bucket?.maxTokens };
  });
}

describe('a limit', () => {
  it('of every sidecar is one filter for all', () => {
    expect(bucketsOf(undefined)).toEqual([
      { name: expect.stringMatching(/^default\/fraud\/limits\/\d$/), perSecond: 100, burst: 50 },
    ]);
  });
  it('that is divided is a filter for each sidecar, with its part of rate and burst', () => {
    expect(bucketsOf({ a: 80, b: 19.5, c: 0 })).toEqual([
      { name: expect.stringMatching(/^default\/fraud\/limits\/a\/\d$/), perSecond: 80, burst: 40 },
      { name: expect.stringMatching(/^default\/fraud\/limits\/b\/\d$/), perSecond: 19.5, burst: 10 },
      { name: expect.stringMatching(/^default\/fraud\/limits\/c\/\d$/), perSecond: 0.001, burst: 1 },
    ]);
  });
  it('that counts by itself has a filter beside it that refuses nobody', () => {
    const matches = [{ path: '/batch', pathPrefix: undefined, headers: [] }];
    const prefixes = (over: Partial<LimitIr>) =>
      limitFilters(
        serviceIr({ limits: [{ name: 'all', matches, counted: true, ...over }, { name: 'clients' }] }),
      ).map(({ name, value }) => {
        const filter = filterOf(value);
        return [name, filter?.statPrefix, filter?.filterEnforced?.defaultValue?.numerator];
      });
    const own = (kind: string) => prefixes({}).find(([, prefix]) => prefix === `default/fraud/${kind}/all`);
    const counter = own('offered') ?? own('admitted');
    expect(counter).toEqual([expect.stringMatching(/limits\/\d$/), expect.anything(), 0]);
    const isBefore = `${counter?.[0]}` < `${own('limits')?.[0]}`;
    expect(counter?.[1]).toBe(`default/fraud/${isBefore ? 'offered' : 'admitted'}/all`);
    expect(new Set(prefixes({}).map(([name]) => name)).size).toBe(3);
    const divided = prefixes({ shares: { a: 9 } }).map(([, prefix]) => prefix);
    expect(divided).toContain('default/fraud/offered/all');
  });
  it('counts by itself only where there is a slot for it', () => {
    const limits = Array.from({ length: LIMIT_SLOTS }, (_, i) => ({ name: `l${i}`, counted: true }));
    expect(limitFilters(serviceIr({ limits }))).toHaveLength(LIMIT_SLOTS);
  });
  it('that is divided among nobody is nowhere', () => expect(bucketsOf({})).toEqual([]));
});
