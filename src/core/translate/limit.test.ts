import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { TypedExtensionConfigSchema } from '../../gen/envoy/config/core/v3/core_pb.js';
import { LocalRateLimitSchema } from '../../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_ratelimit_pb.js';
import { serviceIr } from './ir-fixture.ts';
import { limitFilters } from './limit.ts';

/** Tokens a second and in a full bucket, by the name of the filter's resource. */
function bucketsOf(shares: Readonly<Record<string, number>> | undefined) {
  const limit = { name: 'all', requestsPerSecond: 100, burst: 50, shares };
  return limitFilters(serviceIr({ limits: [limit] })).map(({ name, value }) => {
    const { typedConfig } = fromBinary(TypedExtensionConfigSchema, value);
    const filter = typedConfig && anyUnpack(typedConfig, LocalRateLimitSchema);
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
  it('that is divided among nobody is nowhere', () => expect(bucketsOf({})).toEqual([]));
});
