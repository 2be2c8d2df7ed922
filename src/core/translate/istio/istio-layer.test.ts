import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { RuntimeSchema } from '../../../gen/envoy/service/runtime/v3/rtds_pb.js';
import type { MatchIr } from '../../ir/ir.ts';
import { type ServiceSketch, serviceIr } from '../ir-fixture.ts';
import { istioLayer, runtimeValues } from './istio-layer.ts';

const V1 = 'outbound|9000|v1|fraud.default.svc.cluster.local';
const V2 = 'outbound|9000|v2|fraud.default.svc.cluster.local';
const region: MatchIr = {
  path: undefined,
  pathPrefix: undefined,
  headers: [{ name: 'x-region', kind: 'exact', value: 'e' }],
};
const versions = [{ name: 'v1' }, { name: 'v2' }] as const;
const split = (v2: number) => [
  { version: 'v1', weight: 10_000 - v2 },
  { version: 'v2', weight: v2 },
];
const fallback = {
  kind: 'response',
  grpcStatus: 14,
  httpStatus: 503,
  message: '',
  headers: [],
} as const;

describe('runtimeValues', () => {
  it.each<[string, ServiceSketch, object]>([
    ['nothing of a service with one version and a closed breaker', {}, {}],
    [
      'every weight of a service with several, none of them 0',
      { versions },
      { [`penstock.${V1}`]: 999_999_999, [`penstock.${V2}`]: 1 },
    ],
    [
      'what a breaker admits, in millionths',
      { routing: { breaker: { admitted: 500, bypass: [], fallback } } },
      { 'penstock.default.fraud.admitted': { numerator: 50_000, denominator: 'MILLION' } },
    ],
    [
      'a mirror',
      { routing: { mirror: { version: 'v1', percent: 10 } } },
      { 'penstock.default.fraud.mirror.v1': { numerator: 100_000, denominator: 'MILLION' } },
    ],
    [
      'the bound of a version',
      { versions: [{ name: 'v1', maxRequests: 64 }] },
      { [`circuit_breakers.${V1}.default.max_requests`]: 64 },
    ],
  ])('tells %s', (_, sketch, values) => {
    expect(runtimeValues(serviceIr(sketch))).toEqual(values);
  });

  it('tells a slice by what it matches, wherever it stands', () => {
    const slice = { matches: [region], weights: split(2_000) } as const;
    const other = { matches: [{ ...region, path: '/x' }], weights: split(1) } as const;
    const alone = runtimeValues(serviceIr({ versions, routing: { slices: [slice] } }));
    const second = runtimeValues(serviceIr({ versions, routing: { slices: [other, slice] } }));
    expect(second).toMatchObject(alone);
    expect(Object.keys(alone).filter((key) => key.includes('slice-'))).toHaveLength(3);
  });

  it('opens the way around the breaker for a slice that is in use', () => {
    const values = runtimeValues(
      serviceIr({
        versions,
        routing: {
          slices: [{ matches: [region], weights: split(2_000) }],
          breaker: { admitted: 0, bypass: [region], fallback },
        },
      }),
    );
    const keys = Object.entries(values).filter(([key]) => key.endsWith('.bypass'));
    expect(keys.map(([, value]) => value)).toEqual([{ numerator: 1_000_000, denominator: 'MILLION' }]);
  });
});

describe('istioLayer', () => {
  it('is one resource for all services', () => {
    const layer = istioLayer([{ a: 1 }, { b: { numerator: 1, denominator: 'MILLION' } }]);
    expect(layer.name).toBe('istio');
    expect(fromBinary(RuntimeSchema, layer.value).layer).toEqual({
      a: 1,
      b: { numerator: 1, denominator: 'MILLION' },
    });
  });
});
