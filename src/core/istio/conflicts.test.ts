import { describe, expect, it } from 'vitest';
import type { AnchorIr } from '../ir/anchor.ts';
import { serviceIr } from '../translate/ir-fixture.ts';
import { anchorObjects } from '../translate/istio/anchor.ts';
import type { IstioObject } from '../translate/istio/istio-object.ts';
import { adoptedRules, findConflicts } from './conflicts.ts';

const anchor: AnchorIr = {
  service: serviceIr({
    id: 'ml/fraud',
    hosts: ['fraud.ml.svc.cluster.local'],
    versions: [{ name: 'v1' }, { name: 'v2' }],
  }),
  defaultVersion: 'v1',
  workloads: [],
  limitSets: [],
  notices: [],
};
const planned = anchorObjects([anchor], {
  transport: { kind: 'static', host: 'penstock', port: 18_000 },
  clientNamespaces: [],
});

function object(kind: string, spec: object, namespace = 'ml', name = 'theirs'): IstioObject {
  return { apiVersion: 'x/v1', kind, metadata: { name, namespace }, spec };
}

function found(existing: IstioObject): readonly string[] {
  return findConflicts([anchor], planned, [existing]).map((conflict) => conflict.object);
}

const vhost = (name: string) => ({ routeConfiguration: { vhost: { name } } });
const patch = (applyTo: string, match: object) =>
  object('EnvoyFilter', { configPatches: [{ applyTo, match }] });

describe('findConflicts', () => {
  it.each<[string, IstioObject]>([
    ['a VirtualService of the host', object('VirtualService', { hosts: ['fraud.ml.svc.cluster.local'] })],
    ['one by its short name', object('VirtualService', { hosts: ['fraud'] })],
    ['one by a wildcard', object('VirtualService', { hosts: ['*.ml.svc.cluster.local'] }, 'ops')],
    [
      'one for the mesh beside a gateway',
      object('VirtualService', { hosts: ['*'], gateways: ['mesh', 'a/b'] }),
    ],
    ['a DestinationRule', object('DestinationRule', { host: 'fraud' })],
    [
      'an HTTPRoute of the Service',
      object('HTTPRoute', { parentRefs: [{ kind: 'Service', name: 'fraud' }] }),
    ],
    ['a GRPCRoute of the Service', object('GRPCRoute', { parentRefs: [{ kind: 'Service', name: 'fraud' }] })],
    ['a patch of its routes', patch('HTTP_ROUTE', vhost('fraud.ml.svc.cluster.local:9000'))],
    ['a patch of every route', patch('VIRTUAL_HOST', { context: 'SIDECAR_OUTBOUND' })],
    ['a patch of its clusters', patch('CLUSTER', { cluster: { service: 'fraud.ml.svc.cluster.local' } })],
  ])('names %s', (_, existing) => {
    expect(found(existing)).toEqual([`${existing.kind}/${existing.metadata.namespace}/theirs`]);
  });

  it.each<[string, IstioObject]>([
    ['a VirtualService of another host', object('VirtualService', { hosts: ['lite'] })],
    ['the same short name elsewhere', object('VirtualService', { hosts: ['fraud'] }, 'ops')],
    [
      'one for a gateway alone',
      object('VirtualService', { hosts: ['*'], gateways: ['istio-system/ingress'] }),
    ],
    ['a route of a Gateway', object('HTTPRoute', { parentRefs: [{ kind: 'Gateway', name: 'fraud' }] })],
    ['a patch of inbound filters', patch('HTTP_FILTER', { context: 'SIDECAR_INBOUND' })],
    ["a patch of a gateway's routes", patch('HTTP_ROUTE', { context: 'GATEWAY' })],
    ['a patch of another port', patch('HTTP_ROUTE', vhost('fraud.ml.svc.cluster.local:80'))],
    ['another kind', object('Service', { host: 'fraud' })],
  ])('leaves %s alone', (_, existing) => {
    expect(found(existing)).toEqual([]);
  });

  it('takes what Penstock made for its own', () => {
    expect(findConflicts([anchor], planned, planned)).toEqual([]);
  });

  it('names an object whose place is taken, which cannot be adopted', () => {
    const taken = object('ConfigMap', {}, 'ml', 'penstock-bootstrap');
    const [conflict] = findConflicts([anchor], planned, [taken]);
    expect(conflict).toMatchObject({ object: 'ConfigMap/ml/penstock-bootstrap', adopting: undefined });
  });

  it('lets a DestinationRule be adopted that has all subsets, and no other', () => {
    const rule = (...names: string[]) =>
      object('DestinationRule', { host: 'fraud', subsets: names.map((name) => ({ name })) });
    const [whole] = findConflicts([anchor], planned, [rule('v1', 'v2')]);
    const [partial] = findConflicts([anchor], planned, [rule('v1')]);
    expect(whole?.adopting).toContain('Penstock makes none');
    expect(partial?.adopting).toBeUndefined();
    expect(partial?.problem).toContain('subsets v2');
  });
});

describe('adoptedRules', () => {
  it('are those of services whose DestinationRule was named', () => {
    const subsets = [{ name: 'v1' }, { name: 'v2' }];
    const conflicts = findConflicts([anchor], planned, [
      object('DestinationRule', { host: 'fraud', subsets }),
    ]);
    expect(adoptedRules(conflicts, new Set(['DestinationRule/ml/theirs']))).toEqual(new Set(['ml/fraud']));
    expect(adoptedRules(conflicts, new Set())).toEqual(new Set());
  });
});
