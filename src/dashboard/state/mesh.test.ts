import { effect } from '@preact/signals';
import { describe, expect, it } from 'vitest';
import { SampleMesh } from '../../../e2e/dashboard/sample-mesh.ts';
import { takeSnapshot } from '../../admin/difference.ts';
import { Mesh, merge } from './mesh.ts';
import { parseRoute } from './route.ts';
import { append, prepend, type Trail } from './trails.ts';

const NOW = 1_760_000_000_000;

function load() {
  const source = new SampleMesh({ now: NOW });
  const mesh = new Mesh();
  mesh.load(takeSnapshot(source, NOW));
  return { source, mesh };
}

describe('the mesh as the page knows it', () => {
  it('has everything of a snapshot', () => {
    const { source, mesh } = load();
    expect(mesh.services.keys.value).toEqual(['default/embeddings', 'default/fraud', 'default/ranker']);
    expect(mesh.sidecars.values()).toHaveLength(source.sidecars().length);
    expect(mesh.decisions.value).toEqual(source.decisions({ limit: 100 }));
  });

  it('tells only those who look at what changed', () => {
    const { source, mesh } = load();
    const seen: string[] = [];
    for (const key of mesh.services.keys.value)
      effect(() => {
        seen.push(`${key} ${mesh.services.find(key)?.value.spec}`);
      });
    seen.length = 0;
    const [fraud] = source.services();
    if (fraud) mesh.change({ at: NOW + 1, services: { set: [{ ...fraud, spec: 'broken' }], gone: [] } });
    expect(seen).toEqual(['default/fraud broken']);
  });

  it('forgets what is gone, and what a new snapshot does not have', () => {
    const { source, mesh } = load();
    mesh.change({ at: NOW + 1, services: { set: [], gone: ['default/ranker'] } });
    expect(mesh.services.keys.value).toEqual(['default/embeddings', 'default/fraud']);
    mesh.load({ ...takeSnapshot(source, NOW + 2), services: [] });
    expect(mesh.services.keys.value).toEqual([]);
  });

  it('sorts names with numbers as people do', () => {
    const { mesh } = load();
    expect(mesh.sidecars.keys.value.slice(0, 4)).toEqual([
      'fraud-v1-8',
      'fraud-v1-9',
      'fraud-v1-10',
      'fraud-v1-11',
    ]);
  });
});

describe('decisions', () => {
  it('are newest first, each once, in its newest state, and bounded', () => {
    const { source } = load();
    const known = source.decisions({ limit: 100 });
    const [newest] = known;
    if (!newest) throw new Error('the sample has decisions');
    const more = [
      { ...newest, id: 99 },
      { ...newest, message: 'acknowledged by all' },
    ];
    const merged = merge(known, more);
    expect(merged.map(({ id }) => id)).toEqual([99, 7, 6, 5, 4, 3, 2, 1]);
    expect(merged[1]?.message).toBe('acknowledged by all');
    expect(
      merge(
        [],
        Array.from({ length: 900 }, (_, id) => ({ ...newest, id })),
      ),
    ).toHaveLength(500);
  });
});

describe('a trail', () => {
  it('joins what the server recorded with what came since', () => {
    const trail: Trail = { at: [], series: new Map() };
    append(trail, 3_000, { a: 3 });
    append(trail, 4_000, { a: 4, b: 1 });
    prepend(trail, { stepMs: 1_000, at: [1_000, 2_000, 3_000], series: { a: [1, 2, 3], c: [7, 8, 9] } });
    expect(trail.at).toEqual([1_000, 2_000, 3_000, 4_000]);
    expect(Object.fromEntries(trail.series)).toEqual({
      a: [1, 2, 3, 4],
      b: [null, null, null, 1],
      c: [7, 8, null, null],
    });
  });

  it('is bounded', () => {
    const trail: Trail = { at: [], series: new Map() };
    for (let i = 0; i < 2_000; i++) append(trail, i, { a: i });
    expect([trail.at.length, trail.series.get('a')?.length, trail.at[0]]).toEqual([900, 900, 1_100]);
  });
});

describe('an address', () => {
  it.each([
    ['', { page: 'mesh' }],
    ['#/', { page: 'mesh' }],
    ['#/services/default/fraud', { page: 'service', key: 'default/fraud' }],
    ['#/rollouts', { page: 'rollouts' }],
    ['#/rollouts/default/fraud-v2', { page: 'rollout', key: 'default/fraud-v2' }],
    ['#/decisions?q=RolledBack%20fraud', { page: 'decisions', search: 'RolledBack fraud' }],
    ['#/sidecars', { page: 'sidecars' }],
    ['#/nowhere', { page: 'mesh' }],
  ])('%s leads to a view', (hash, route) => expect(parseRoute(hash)).toEqual(route));
});
