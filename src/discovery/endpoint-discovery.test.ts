import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type ModelService, modelServiceSchema } from '../core/api/model-service.ts';
import { EndpointDiscovery } from './endpoint-discovery.ts';

function serviceWith(endpoints: object): ModelService {
  return modelServiceSchema.parse({
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelService',
    metadata: { name: 'fraud' },
    spec: {
      port: 9000,
      versions: [
        { name: 'v1', endpoints },
        { name: 'v2', endpoints },
      ],
    },
  });
}

function discover(options = {}): EndpointDiscovery {
  const discovery = new EndpointDiscovery(options);
  onTestFinished(() => discovery.close());
  return discovery;
}

describe('discovery', () => {
  const local = serviceWith({ dns: { name: 'localhost', port: 9101, priority: 1 } });

  test('tells of what was found, in the tier of its source, for the version that names it first', async () => {
    const discovery = discover();
    const onChange = vi.fn();
    expect(discovery.endpointsOf(local)).toEqual(
      new Map([
        ['v1', []],
        ['v2', []],
      ]),
    );
    discovery.watch([local], onChange);
    await vi.waitUntil(() => onChange.mock.calls.length > 0, 10_000);
    const endpoint = {
      address: '127.0.0.1',
      port: 9101,
      weight: 1,
      zone: '',
      priority: 1,
      backup: false,
      health: 'healthy',
    };
    const found = discovery.endpointsOf(local);
    expect(found.get('v1')).toContainEqual(endpoint);
    expect(found.get('v2')).toEqual([]);
    expect(discovery.overlaps(local)).toContain(
      '127.0.0.1:9101 is found by versions[1].endpoints.dns, and versions[0].endpoints.dns has it already; each instance once',
    );
    expect(discovery.problems()).toEqual([]);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  test('follows what is named no more no longer', async () => {
    const discovery = discover();
    const onChange = vi.fn();
    discovery.watch([local], onChange);
    await vi.waitUntil(() => onChange.mock.calls.length > 0, 10_000);
    discovery.watch([], onChange);
    expect(discovery.endpointsOf(local).get('v1')).toEqual([]);
  });

  test('says what is wrong with a source, and since when', () => {
    const discovery = discover();
    const before = Date.now();
    discovery.watch([serviceWith({ consul: { service: 'fraud' } })], () => {});
    const [problem, ...others] = discovery.problems();
    expect(problem).toMatchObject({
      source: 'consul fraud',
      message: 'no Consul agent is known (CONSUL_HTTP_ADDR)',
    });
    expect(problem?.since).toBeGreaterThanOrEqual(before);
    expect(others).toEqual([]);
  });

  test('has nothing to do for endpoints that are written down', () => {
    const discovery = discover();
    const written = serviceWith({ static: [{ address: '127.0.0.1', port: 1 }] });
    discovery.watch([written], () => expect.fail('nothing changes'));
    expect(discovery.endpointsOf(written).get('v1')).toEqual([]);
  });
});
