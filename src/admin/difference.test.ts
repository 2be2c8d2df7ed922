import { describe, expect, it } from 'vitest';
import { SampleMesh } from '../../e2e/dashboard/sample-mesh.ts';
import { diff, fingerprint, snapshotJson, takeSnapshot } from './difference.ts';

const NOW = 1_760_000_000_000;

describe('what is told of the mesh', () => {
  it('is the same as JSON, however it is put together', () => {
    const snapshot = takeSnapshot(new SampleMesh({ now: NOW }), NOW);
    expect(JSON.parse(snapshotJson(NOW, fingerprint(snapshot)))).toEqual(
      JSON.parse(JSON.stringify(snapshot)),
    );
  });

  it('is nothing where nothing is different', () => {
    const mesh = new SampleMesh({ now: NOW });
    const before = fingerprint(takeSnapshot(mesh, NOW));
    const next = takeSnapshot(mesh, NOW + 1_000);
    expect(diff(before, next, fingerprint(next))).toBeUndefined();
  });

  it('is only the items that differ, and the keys of those that are gone', async () => {
    const mesh = new SampleMesh({ now: NOW });
    const before = fingerprint(takeSnapshot(mesh, NOW));
    await mesh.command({ kind: 'pause', rollout: { namespace: 'default', name: 'fraud-v2' }, actor: 'ada' });
    const next = {
      ...takeSnapshot(mesh, NOW),
      limits: mesh.limits().slice(1),
      decisions: mesh.decisions({ limit: 2 }),
    };
    const change = diff(before, next, fingerprint(next));
    expect(Object.keys(change ?? {})).toEqual(['at', 'rollouts', 'limits', 'decisions']);
    expect(change?.rollouts?.set.map(({ name, phase }) => `${name} ${phase}`)).toEqual(['fraud-v2 Paused']);
    expect(change?.limits).toEqual({ set: [], gone: ['default/fraud/per-client'] });
    expect(change?.decisions?.set.map(({ id }) => id)).toEqual([8]);
    expect(change?.decisions?.gone).toEqual([]);
  });
});
