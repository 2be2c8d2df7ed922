import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readSpecs } from '../../api/read-specs.ts';
import { assembleAnchors } from '../../assemble/assemble-anchor.ts';
import { indexSpecs } from '../../decide/spec-index.ts';
import type { AnchorIr } from '../../ir/anchor.ts';
import { type AnchorOptions, anchorObjects } from './anchor.ts';
import { runtimeValues } from './istio-layer.ts';
import type { IstioObject } from './istio-object.ts';

/** `PENSTOCK_UPDATE_GOLDENS=1 vitest run --project unit src/core/translate` writes them; nothing else does. */
const UPDATE = process.env.PENSTOCK_UPDATE_GOLDENS === '1';
const FOLDER = new URL('testdata/', import.meta.url);
const OPTIONS: AnchorOptions = {
  transport: { kind: 'static', host: 'penstock.penstock-system.svc.cluster.local', port: 18_000 },
  clientNamespaces: [],
};

function anchorsOf(file: string): readonly AnchorIr[] {
  const specs = readSpecs([{ file, text: readFileSync(new URL(`in/${file}`, FOLDER), 'utf8') }]);
  expect(specs.problems).toEqual([]);
  return assembleAnchors(indexSpecs(specs.objects));
}

function print(objects: readonly IstioObject[]): string {
  return objects
    .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}

function only(objects: readonly IstioObject[], kind: string): readonly IstioObject[] {
  return objects.filter((object) => object.kind === kind);
}

const inputs = readdirSync(new URL('in/', FOLDER)).sort();

describe('golden files', () => {
  it.each(inputs)('%s becomes the objects of its golden file', (file) => {
    const text = print(anchorObjects(anchorsOf(file), OPTIONS));
    const url = new URL(`out/${file}`, FOLDER);
    if (UPDATE) writeFileSync(url, text);
    expect(text).toBe(readFileSync(url, 'utf8'));
  });

  it('has none without an input', () => {
    expect(readdirSync(new URL('out/', FOLDER)).sort()).toEqual(inputs);
  });
});

describe('anchorObjects', () => {
  it('makes the same of the same', () => {
    expect(anchorObjects(anchorsOf('canary.yaml'), OPTIONS)).toEqual(
      anchorObjects(anchorsOf('canary.yaml'), OPTIONS),
    );
  });

  it('labels all that it makes as its own', () => {
    const objects = inputs.flatMap((file) => anchorObjects(anchorsOf(file), OPTIONS));
    const owners = objects.map(({ metadata }) => metadata.labels?.['app.kubernetes.io/managed-by']);
    expect(new Set(owners)).toEqual(new Set(['penstock']));
  });

  it('makes no VirtualService', () => {
    const objects = inputs.flatMap((file) => anchorObjects(anchorsOf(file), OPTIONS));
    expect([...new Set(objects.map(({ kind }) => kind))].sort()).toEqual([
      'ConfigMap',
      'DestinationRule',
      'EnvoyFilter',
    ]);
  });

  it("puts the routes and the bootstrap into each of the clients' namespaces", () => {
    const options = { ...OPTIONS, clientNamespaces: ['shop', 'web'] };
    const objects = anchorObjects(anchorsOf('canary.yaml'), options);
    const namespaces = (kind: string) => only(objects, kind).map(({ metadata }) => metadata.namespace);
    expect(namespaces('EnvoyFilter')).toEqual(['shop', 'web']);
    expect(namespaces('ConfigMap')).toEqual(['shop', 'web']);
    expect(namespaces('DestinationRule')).toEqual(['ml']);
  });

  it('leaves out a DestinationRule that is adopted', () => {
    const options = { ...OPTIONS, withoutDestinationRule: new Set(['ml/fraud']) };
    expect(only(anchorObjects(anchorsOf('canary.yaml'), options), 'DestinationRule')).toEqual([]);
  });

  it('writes what is decided into the routes where sidecars cannot be told', () => {
    const [anchor] = anchorsOf('canary.yaml');
    if (anchor === undefined) throw new Error('no anchor');
    const { service } = anchor;
    const weights = [
      { version: 'v1', weight: 7_000 },
      { version: 'v2', weight: 3_000 },
    ];
    const decided = runtimeValues({ ...service, routing: { ...service.routing, slices: [], weights } });
    const options = { ...OPTIONS, written: new Map([[service.id, decided]]) };
    const text = print(only(anchorObjects([anchor], options), 'EnvoyFilter'));
    expect(text.match(/weight: \d+/g)?.slice(0, 2)).toEqual(['weight: 700000000', 'weight: 300000000']);
  });

  it("names the cluster of Penstock's Service where the mesh's mTLS is wanted", () => {
    const transport = { ...OPTIONS.transport, kind: 'istio' as const };
    const text = print(anchorObjects(anchorsOf('limits.yaml'), { ...OPTIONS, transport }));
    expect(text).toContain('outbound|18000||penstock.penstock-system.svc.cluster.local');
    expect(text).not.toContain('penstock_xds');
  });
});

describe('assembleAnchors', () => {
  it('says what cannot be had', () => {
    expect(anchorsOf('limits.yaml').flatMap(({ notices }) => notices)).toEqual([
      "the limit all-together is global, which Istio's sidecars cannot be told; it is not enforced",
    ]);
  });
});
