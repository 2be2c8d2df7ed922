import { describe, expect, it } from 'vitest';
import {
  addressesOf,
  type PodFacts,
  type PodPlace,
  type SliceEndpoint,
  type SliceFacts,
} from './pod-place.ts';

const pod = (facts: Partial<PodFacts>): PodFacts => ({
  labels: { app: 'fraud' },
  address: '10.0.0.1',
  ready: true,
  terminating: false,
  ports: { grpc: 9000 },
  ...facts,
});
const endpoint = (facts: Partial<SliceEndpoint>): SliceEndpoint => ({
  addresses: ['10.0.0.1'],
  ready: true,
  serving: true,
  terminating: false,
  zone: '',
  pod: undefined,
  ...facts,
});
const slice = (...endpoints: readonly SliceEndpoint[]): SliceFacts => ({
  service: 'fraud',
  ports: { grpc: 9000 },
  endpoints,
});

const BY_LABEL: PodPlace = { namespace: 'default', selector: { app: 'fraud' }, port: 'grpc' };
const BY_SERVICE: PodPlace = { namespace: 'default', service: 'fraud', port: 'grpc' };

function found(place: PodPlace, pods: Readonly<Record<string, PodFacts>>, ...slices: readonly SliceFacts[]) {
  return addressesOf(place, new Map(Object.entries(pods)), slices).map(
    ({ address, port, zone }) => `${address}:${port}${zone === '' ? '' : ` in ${zone}`}`,
  );
}

describe('pods by their labels', () => {
  it.each<[string, Record<string, PodFacts>, string[]]>([
    ['that are ready', { a: pod({}) }, ['10.0.0.1:9000']],
    ['that are not', { a: pod({ ready: false }) }, []],
    ['that have no address yet', { a: pod({ address: '' }) }, []],
    ['of other labels', { a: pod({ labels: { app: 'else' } }) }, []],
    [
      'with more labels than are asked for',
      { a: pod({ labels: { app: 'fraud', x: 'y' } }) },
      ['10.0.0.1:9000'],
    ],
    ['without the port that is named', { a: pod({ ports: { http: 80 } }) }, []],
    [
      'that end, beside others',
      { a: pod({ terminating: true }), b: pod({ address: '10.0.0.2' }) },
      ['10.0.0.2:9000'],
    ],
    ['that end, and nobody else', { a: pod({ terminating: true }) }, ['10.0.0.1:9000']],
  ])('%s', (_, pods, expected) => {
    expect(found(BY_LABEL, pods)).toEqual(expected);
  });

  it('are in the zone that a slice tells', () => {
    const told = slice(endpoint({ pod: 'a', zone: 'west' }));
    expect(found(BY_LABEL, { a: pod({}) }, told)).toEqual(['10.0.0.1:9000 in west']);
  });
});

describe('EndpointSlices of a Service', () => {
  const dying = { ready: false, serving: true, terminating: true };
  it.each<[string, SliceFacts[], string[]]>([
    [
      'several slices, each address once',
      [slice(endpoint({})), slice(endpoint({}), endpoint({ addresses: ['10.0.0.2'] }))],
      ['10.0.0.1:9000', '10.0.0.2:9000'],
    ],
    ['in their zone', [slice(endpoint({ zone: 'a' }))], ['10.0.0.1:9000 in a']],
    ['of another Service', [{ ...slice(endpoint({})), service: 'else' }], []],
    ['that are not ready', [slice(endpoint({ ready: false, serving: false }))], []],
    [
      'that serve while they end, beside others',
      [slice(endpoint(dying), endpoint({ addresses: ['10.0.0.2'] }))],
      ['10.0.0.2:9000'],
    ],
    ['that serve while they end, and nobody else', [slice(endpoint(dying))], ['10.0.0.1:9000']],
    ['of another port', [{ ...slice(endpoint({})), ports: { http: 80 } }], []],
  ])('%s', (_, slices, expected) => {
    expect(found(BY_SERVICE, {}, ...slices)).toEqual(expected);
  });

  it('a number is taken as it is', () => {
    expect(found({ ...BY_SERVICE, port: 8080 }, {}, slice(endpoint({})))).toEqual(['10.0.0.1:8080']);
  });

  it('beside a selector, only those whose pods carry the labels', () => {
    const place = { ...BY_SERVICE, selector: { version: 'v1' } };
    const pods = { a: pod({ labels: { version: 'v1' } }), b: pod({ labels: { version: 'v2' } }) };
    const told = slice(endpoint({ pod: 'a' }), endpoint({ pod: 'b', addresses: ['10.0.0.2'] }));
    expect(found(place, pods, told)).toEqual(['10.0.0.1:9000']);
  });
});
