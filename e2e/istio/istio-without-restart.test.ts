import { afterEach, expect, it } from 'vitest';
import { readSpecs } from '../../src/core/api/read-specs.ts';
import { assembleAnchors } from '../../src/core/assemble/assemble-anchor.ts';
import { indexSpecs } from '../../src/core/decide/spec-index.ts';
import { anchorObjects } from '../../src/core/translate/istio/anchor.ts';
import { runtimeValues } from '../../src/core/translate/istio/istio-layer.ts';
import type { IstioObject } from '../../src/core/translate/istio/istio-object.ts';
import { until } from '../translate/mesh.ts';
import { IstioMesh } from './istio-mesh.ts';

let mesh: IstioMesh | undefined;
afterEach(async () => {
  await mesh?.stop();
  mesh = undefined;
});

/** The anchor as the operator writes it for pods that know no runtime layer. */
function anchorWith(specs: string, v2: number): readonly IstioObject[] {
  const weights = [
    { version: 'v1', weight: 10_000 - v2 },
    { version: 'v2', weight: v2 },
  ];
  const anchors = assembleAnchors(indexSpecs(readSpecs([{ file: 'specs.yaml', text: specs }]).objects));
  const written = anchors.map(
    ({ service }) =>
      [
        service.id,
        runtimeValues({ ...service, routing: { ...service.routing, slices: [], weights } }),
      ] as const,
  );
  const transport = { kind: 'static', host: '127.0.0.1', port: 18_000 } as const;
  return anchorObjects(anchors, { transport, clientNamespaces: [], written: new Map(written) });
}

it('splits by what is written where the bootstrap knows no layer, and each change is a push', async () => {
  const started = await IstioMesh.start({ notRestarted: true });
  mesh = started;
  expect(await started.shareOf('v1', 200)).toBe(100);
  for (const weight of [3_000, 6_000]) {
    const before = await started.istiod.pushes();
    started.applyAnchor(anchorWith(started.specs, weight));
    await until(`${weight / 100} % go to the candidate`, async () => {
      // Four standard deviations of a thousand draws.
      return Math.abs((await started.shareOf('v2', 1000)) - weight / 100) < 6.2;
    });
    expect(await started.istiod.pushes()).toBeGreaterThan(before);
  }
});
