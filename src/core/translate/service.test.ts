import { describe, expect, it } from 'vitest';
import { type ServiceSketch, serviceIr } from './ir-fixture.ts';
import { translateService } from './service.ts';

const base = {
  versions: [
    { name: 'v1', endpoints: [{ port: 9101 }, { port: 9102 }] },
    { name: 'v2', endpoints: [{ port: 9201 }] },
  ],
  routing: {
    breaker: {
      admitted: 10_000,
      bypass: [],
      fallback: { kind: 'cluster', cluster: 'default/lite/v1', label: 'lite' },
    },
  },
  limits: [{ name: 'per-client', per: [{ kind: 'sourceIp' }] }, { name: 'tenants' }],
} as const satisfies ServiceSketch;

/** Types and names of the resources that differ, also those that come or go. */
function changed(sketch: ServiceSketch): readonly string[] {
  const before = resources(base);
  const after = resources(sketch);
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .sort();
}

function resources(sketch: ServiceSketch): ReadonlyMap<string, string> {
  return new Map(
    translateService(serviceIr(sketch)).map(({ typeUrl, name, value }) => [
      `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} ${name}`,
      Buffer.from(value).toString('base64'),
    ]),
  );
}

describe('translateService', () => {
  it.each<[string, ServiceSketch, readonly string[]]>([
    ['nothing', {}, []],
    [
      'a weight',
      {
        routing: {
          ...base.routing,
          weights: [
            { version: 'v1', weight: 9500 },
            { version: 'v2', weight: 500 },
          ],
        },
      },
      ['RouteConfiguration default/fraud'],
    ],
    [
      "the breaker's state",
      { routing: { breaker: { ...base.routing.breaker, admitted: 0 } } },
      ['RouteConfiguration default/fraud'],
    ],
    [
      'the weight of an endpoint',
      {
        versions: [
          { name: 'v1', endpoints: [{ port: 9101, weight: 5000 }, { port: 9102 }] },
          base.versions[1],
        ],
      },
      ['ClusterLoadAssignment default/fraud/v1'],
    ],
    [
      'the rate of a limit',
      { limits: [base.limits[0], { name: 'tenants', requestsPerSecond: 50 }] },
      ['TypedExtensionConfig default/fraud/limits/2'],
    ],
    ['a limit that goes', { limits: [base.limits[0]] }, ['TypedExtensionConfig default/fraud/limits/2']],
    [
      'a host that comes',
      { hosts: ['fraud.default.svc.cluster.local', 'fraud'] },
      [
        'Listener fraud',
        'Listener fraud:9000',
        'ScopedRouteConfiguration fraud',
        'ScopedRouteConfiguration fraud:9000',
      ],
    ],
    [
      'a version that comes',
      { versions: [...base.versions, { name: 'v3' }] },
      [
        'Cluster default/fraud/v3',
        'ClusterLoadAssignment default/fraud/v3',
        'RouteConfiguration default/fraud',
      ],
    ],
  ])('changes for %s only what it is about', (_, sketch, expected) => {
    expect(changed({ ...base, ...sketch })).toEqual(expected);
  });

  it('refuses weights that would move users', () => {
    const service = serviceIr({ routing: { weights: [{ version: 'v1', weight: 100 }] } });
    expect(() => translateService(service)).toThrow('default/fraud: weights sum to 100; 10000 always');
  });

  it('refuses a weight for a version that is not there', () => {
    const service = serviceIr({ routing: { weights: [{ version: 'v9', weight: 10_000 }] } });
    expect(() => translateService(service)).toThrow('default/fraud: no version v9');
  });
});
