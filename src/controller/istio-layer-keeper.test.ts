import { describe, expect, it } from 'vitest';
import { frameResource } from '../core/delta/frame-resource.ts';
import { serviceIr } from '../core/translate/ir-fixture.ts';
import { IstioLayerKeeper } from './istio-layer-keeper.ts';

const versions = [{ name: 'v1' }, { name: 'v2' }];
const at = (weight: number) =>
  serviceIr({
    versions,
    routing: {
      weights: [
        { version: 'v1', weight: 10_000 - weight },
        { version: 'v2', weight },
      ],
    },
  });

function keeper(): IstioLayerKeeper {
  return new IstioLayerKeeper(({ typeUrl, name, value }) => frameResource(typeUrl, name, value));
}

describe('IstioLayerKeeper', () => {
  it("makes no layer before there is a sidecar of Istio's", () => {
    const layer = keeper();
    layer.set(at(500));
    expect(layer.take()).toEqual([]);
    layer.follow();
    expect(layer.take()).toHaveLength(1);
  });

  it('tells a changed weight once, and what is as it was not at all', () => {
    const layer = keeper();
    layer.follow();
    layer.set(at(500));
    const [first] = layer.take();
    layer.set(at(500));
    expect(layer.take()).toEqual([]);
    layer.set(at(1_500));
    const [second] = layer.take();
    expect(second?.name).toBe(first?.name);
    expect(second?.version).not.toBe(first?.version);
    expect(layer.take()).toEqual([]);
  });

  it('forgets a service that is gone', () => {
    const layer = keeper();
    layer.follow();
    const [empty] = layer.take();
    layer.set(at(500));
    layer.take();
    layer.delete('default/fraud');
    expect(layer.take()[0]?.version).toBe(empty?.version);
  });
});
