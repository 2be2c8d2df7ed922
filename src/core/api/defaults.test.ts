import { describe, expect, it } from 'vitest';
import { breaker } from './breaker.ts';
import { loadBalancing } from './load-balancing.ts';
import { modelRolloutSchema } from './model-rollout.ts';
import { modelServiceSchema } from './model-service.ts';
import { rateLimit } from './rate-limit.ts';

describe('a breaker', () => {
  it.each([
    [undefined, 20, 50, 30_000, 5_000],
    ['core', 20, 40, 60_000, 5_000],
    ['auxiliary', 20, 60, 30_000, 5_000],
    ['realtime', 20, 60, 30_000, 1_000],
    ['batch', 20, 70, 30_000, 10_000],
  ] as const)('of preset %s goes by its figures', (preset, volume, errorPercent, sleepMs, slowMs) => {
    const { requestVolumeThreshold, errorThresholdPercent, sleepWindow, slowCall } = breaker.parse(
      preset === undefined ? {} : { preset },
    );
    expect([requestVolumeThreshold, errorThresholdPercent, sleepWindow, slowCall.duration]).toEqual([
      volume,
      errorPercent,
      sleepMs,
      slowMs,
    ]);
  });

  it('lets every field rule over its preset', () => {
    const own = {
      requestVolumeThreshold: 5,
      errorThresholdPercent: 45,
      window: '20s',
      sleepWindow: '3s',
      slowCall: { duration: '2s', thresholdPercent: 80 },
    };
    expect(breaker.parse({ preset: 'core', ...own })).toMatchObject({
      ...own,
      window: 20_000,
      sleepWindow: 3_000,
      slowCall: { duration: 2_000, thresholdPercent: 80 },
    });
  });

  it('answers UNAVAILABLE where there is no fallback', () => {
    expect(breaker.parse({}).fallback.response).toMatchObject({ grpcStatus: 'UNAVAILABLE', httpStatus: 503 });
  });
});

describe('load balancing', () => {
  it.each([
    [{}, 'LeastRequest'],
    [{ affinity: { header: 'x-session-id' } }, 'Maglev'],
    [{ policy: 'RingHash', affinity: { sourceIp: true } }, 'RingHash'],
  ] as const)('of %j is %s', (given, policy) => {
    expect(loadBalancing.parse(given).policy).toBe(policy);
  });
});

describe('a rate limit', () => {
  it.each([
    [{ requestsPerSecond: 100, burst: 200 }, 200],
    [{ requestsPerSecond: 2.5 }, 3],
    [{ requestsPerSecond: 0.1 }, 1],
  ])('of %j bursts to %d', (given, burst) => {
    expect(rateLimit.parse({ name: 'l', ...given })).toMatchObject({ burst });
  });
});

describe('an object', () => {
  const metadata = { name: 'a', namespace: 'ml' };
  const endpoints = { dns: { name: 'h', port: 1 } };

  it('of kind ModelService names its host, its model and its default version', () => {
    const { spec } = modelServiceSchema.parse({
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'ModelService',
      metadata,
      spec: {
        port: 1,
        versions: [
          { name: 'v1', endpoints },
          { name: 'v2', modelVersion: '2', endpoints },
        ],
      },
    });
    expect(spec).toMatchObject({ hosts: ['a.ml.svc.cluster.local'], model: 'a', defaultVersion: 'v1' });
    expect(spec.versions.map(({ modelVersion }) => modelVersion)).toEqual(['v1', '2']);
  });

  it("of kind ModelRollout hands the analysis's rule for missing data to its metrics", () => {
    const { spec } = modelRolloutSchema.parse({
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'ModelRollout',
      metadata,
      spec: {
        targetRef: { name: 'a' },
        stable: 'v1',
        candidate: 'v2',
        strategy: { linear: {} },
        analysis: {
          onNoData: 'Rollback',
          metrics: [
            { name: 'e', type: 'ErrorRate' },
            { name: 's', type: 'ScoreShift', onNoData: 'Ignore' },
          ],
        },
      },
    });
    expect(spec.analysis.metrics).toMatchObject([
      { onNoData: 'Rollback', maxRatio: 2, thresholdRange: { max: 0.01 } },
      { onNoData: 'Ignore', maxShift: 0.05 },
    ]);
  });
});
