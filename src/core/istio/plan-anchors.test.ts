import { describe, expect, it } from 'vitest';
import type { AnchorIr } from '../ir/anchor.ts';
import { serviceIr } from '../translate/ir-fixture.ts';
import type { AnchorOptions } from '../translate/istio/anchor.ts';
import { type IstioObject, objectName } from '../translate/istio/istio-object.ts';
import { type AnchorOwner, type AnchorWorld, planAnchors } from './plan-anchors.ts';

const versions = [{ name: 'v1' }, { name: 'v2' }] as const;
const anchorOf = (name: string, known: readonly { readonly name: string }[] = versions): AnchorIr => ({
  service: serviceIr({ id: `ml/${name}`, hosts: [`${name}.ml.svc.cluster.local`], versions: known }),
  defaultVersion: 'v1',
  workloads: [],
  limitSets: [],
  notices: [],
});
const options: AnchorOptions = {
  transport: { kind: 'static', host: 'penstock', port: 18_000 },
  clientNamespaces: [],
};
const owner = (uid: string, ...adopted: readonly string[]): AnchorOwner => ({
  uid,
  adopted: new Set(adopted),
});
const world: AnchorWorld = {
  anchors: [anchorOf('fraud')],
  options,
  owners: new Map([['ml/fraud', owner('1')]]),
  existing: [],
};
const OURS = [
  'ConfigMap/ml/penstock-bootstrap',
  'DestinationRule/ml/penstock.fraud.ml',
  'EnvoyFilter/ml/penstock.fraud.ml',
];
const theirs: IstioObject = {
  apiVersion: 'x/v1',
  kind: 'VirtualService',
  metadata: { name: 'theirs', namespace: 'ml' },
  spec: { hosts: ['fraud'] },
};
const names = (objects: readonly IstioObject[]) => objects.map(objectName).toSorted();
/** The world once a plan was carried out. */
const carriedOut = (given: AnchorWorld): AnchorWorld => {
  const { apply, remove } = planAnchors(given);
  const gone = new Set([...apply, ...remove].map(objectName));
  return { ...given, existing: [...given.existing.filter((each) => !gone.has(objectName(each))), ...apply] };
};
const verdict = (given: AnchorWorld) => planAnchors(given).verdicts.get('ml/fraud');
const edited = (
  given: AnchorWorld,
  name: string,
  edit: (object: IstioObject) => IstioObject,
): AnchorWorld => ({
  ...given,
  existing: given.existing.map((object) => (objectName(object) === name ? edit(object) : object)),
});

describe('planAnchors', () => {
  it('applies what is missing, owned by the service, and then nothing', () => {
    const { apply, remove } = planAnchors(world);
    expect([names(apply), remove]).toEqual([OURS, []]);
    for (const { metadata } of apply)
      expect(metadata.ownerReferences).toEqual([
        { apiVersion: 'penstock.dev/v1alpha1', kind: 'ModelService', name: 'fraud', uid: '1' },
      ]);
    expect(verdict(world)).toMatchObject({ status: 'False', reason: 'Applying' });
    expect(planAnchors(carriedOut(world))).toMatchObject({ apply: [], remove: [] });
    expect(verdict(carriedOut(world))).toMatchObject({ status: 'True', reason: 'Applied' });
  });

  it.each<[string, string, (object: IstioObject) => IstioObject]>([
    [
      'another spec',
      'DestinationRule/ml/penstock.fraud.ml',
      (object) => ({ ...object, spec: { host: 'else' } }),
    ],
    ['other data', 'ConfigMap/ml/penstock-bootstrap', (object) => ({ ...object, data: {} })],
    [
      'no owner',
      'EnvoyFilter/ml/penstock.fraud.ml',
      ({ metadata: { name, namespace, labels = {} }, ...object }) =>
        ({ ...object, metadata: { name, namespace, labels } }) as IstioObject,
    ],
    [
      'a former owner',
      'EnvoyFilter/ml/penstock.fraud.ml',
      (object) => ({
        ...object,
        metadata: {
          ...object.metadata,
          ownerReferences: [{ apiVersion: '', kind: 'ModelService', name: 'fraud', uid: '0' }],
        },
      }),
    ],
  ])('applies again what has %s', (_, name, edit) => {
    expect(names(planAnchors(edited(carriedOut(world), name, edit)).apply)).toEqual([name]);
  });

  it('tells of fields that others added, and does not fight over them', () => {
    const added = edited(carriedOut(world), 'EnvoyFilter/ml/penstock.fraud.ml', (object) => ({
      ...object,
      spec: { ...(object.spec as object), workloadSelector: {} },
    }));
    expect(planAnchors(added).apply).toEqual([]);
    expect(verdict(added)).toMatchObject({ status: 'False', reason: 'FieldsOfOthers' });
    expect(verdict(added)?.message).toContain('EnvoyFilter/ml/penstock.fraud.ml: spec.workloadSelector');
  });

  it('takes away what a service leaves behind, and the bootstrap with the last one', () => {
    const two = {
      ...world,
      anchors: [anchorOf('fraud'), anchorOf('lite')],
      owners: new Map([
        ['ml/fraud', owner('1')],
        ['ml/lite', owner('2')],
      ]),
    };
    const one = {
      ...carriedOut(two),
      anchors: [anchorOf('lite')],
      owners: new Map([['ml/lite', owner('2')]]),
    };
    expect(names(planAnchors(one).remove)).toEqual(OURS.slice(1));
    const none = { ...carriedOut(one), anchors: [], owners: new Map() };
    expect(names(planAnchors(none).remove)).toEqual([
      'ConfigMap/ml/penstock-bootstrap',
      'DestinationRule/ml/penstock.lite.ml',
      'EnvoyFilter/ml/penstock.lite.ml',
    ]);
  });

  it('leaves a service that is there and not in force what it has', () => {
    expect(planAnchors({ ...carriedOut(world), anchors: [] }).remove).toEqual([]);
  });

  it('adds nothing where something of others is in the way, and says what', () => {
    const conflict = { ...world, existing: [theirs] };
    expect(planAnchors(conflict).apply.filter(({ kind }) => kind !== 'ConfigMap')).toEqual([]);
    expect(verdict(conflict)).toMatchObject({ status: 'False', reason: 'Conflict' });
    expect(verdict(conflict)?.message).toContain('VirtualService/ml/theirs is in the way of ml/fraud');
  });

  it('moves nothing when a conflict comes later', () => {
    const later = carriedOut(world);
    const plan = planAnchors({
      ...later,
      anchors: [anchorOf('fraud', [...versions, { name: 'v3' }])],
      existing: [...later.existing, theirs],
    });
    expect([plan.apply, plan.remove]).toEqual([[], []]);
  });

  it('goes on beside what its owner adopts', () => {
    const adopting = {
      ...world,
      existing: [theirs],
      owners: new Map([['ml/fraud', owner('1', 'VirtualService/ml/theirs')]]),
    };
    expect(names(planAnchors(adopting).apply)).toEqual(OURS);
    expect(verdict(carriedOut(adopting))).toMatchObject({ status: 'True' });
  });

  it('replaces nothing of others that has a name of ours', () => {
    const { name, namespace } = { name: 'penstock-bootstrap', namespace: 'ml' };
    const taken = {
      ...world,
      existing: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } }],
    };
    expect(planAnchors(taken).apply).toEqual([]);
    expect(verdict(taken)).toMatchObject({ reason: 'Conflict' });
  });
});
