import { describe, expect, it } from 'vitest';
import type { LoadReport } from '../core/signals/load-report.ts';
import { type ServiceSketch, serviceIr } from '../core/translate/ir-fixture.ts';
import { AnchorWatch } from './anchor-watch.ts';

const V1 = 'outbound|9000|v1|fraud.default.svc.cluster.local';
const V2 = 'outbound|9000|v2|fraud.default.svc.cluster.local';
const versions = [{ name: 'v1' }, { name: 'v2' }] as const;
const allToV2 = [
  { version: 'v1', weight: 0 },
  { version: 'v2', weight: 10_000 },
] as const;
const region = { path: '/x', pathPrefix: undefined, headers: [] } as const;

function report(calls: Readonly<Record<string, number>>, at = 5000, role: LoadReport['role'] = 'istio') {
  const endpoint = { address: '127.0.0.1', port: 1, successes: 0, errors: 0, inProgress: 0, metrics: {} };
  const clusters = Object.entries(calls).map(([cluster, issued]) => ({
    cluster,
    endpoints: [{ ...endpoint, issued }],
    dropped: 0,
  }));
  return { nodeId: 'client', role, at, intervalMs: 1000, clusters };
}

function watching(routing: ServiceSketch['routing'] = { weights: allToV2 }) {
  const watch = new AnchorWatch();
  const follow = (given: ServiceSketch['routing'], nowMs: number) =>
    watch.follow(new Map([['default/fraud', serviceIr({ versions, routing: given ?? {} })]]), nowMs);
  follow(routing, 1000);
  return { watch, follow, found: () => [...watch.of('default/fraud').values()] };
}

describe('AnchorWatch', () => {
  it('names a sidecar that calls a version without traffic, and what is to be done', () => {
    const { watch, found } = watching();
    watch.take(report({ [V1]: 50 }));
    expect(found()).toEqual(['client (calls v1, which has no traffic: its anchor is to be applied again)']);
  });

  it.each<[string, LoadReport]>([
    ['calls the version that has it', report({ [V2]: 50 })],
    ['has a few stray calls', report({ [V1]: 3, [V2]: 50 })],
    ['tells of the time before the change', report({ [V1]: 50 }, 2500)],
    ['is our own', report({ [V1]: 50 }, 5000, 'outbound')],
  ])('says nothing of one that %s', (_, given) => {
    const { watch, found } = watching();
    watch.take(given);
    expect(found()).toEqual([]);
  });

  it.each<[string, ServiceSketch['routing']]>([
    [
      'a slice of it',
      {
        weights: allToV2,
        slices: [
          {
            matches: [region],
            weights: allToV2.map(({ version, weight }) => ({ version, weight: 10_000 - weight })),
          },
        ],
      },
    ],
    ['its mirror', { weights: allToV2, mirror: { version: 'v1', percent: 10 } }],
    ['retries that choose anew', { weights: allToV2, retries: { rescue: true } }],
  ])('says nothing where the version is called for %s', (_, routing) => {
    const { watch, found } = watching(routing);
    watch.take(report({ [V1]: 50 }));
    expect(found()).toEqual([]);
  });

  it('keeps what it found while the sidecar makes no call, and until it follows', () => {
    const { watch, found } = watching();
    watch.take(report({ [V1]: 50 }));
    watch.take(report({}, 6000));
    expect(found()).toHaveLength(1);
    watch.take(report({ [V2]: 1 }, 7000));
    expect(found()).toEqual([]);
  });

  it('forgets a sidecar that is gone, and what was found under other weights', () => {
    const gone = watching();
    gone.watch.take(report({ [V1]: 50 }));
    gone.follow({ weights: allToV2 }, 66_000);
    expect(gone.found()).toEqual([]);
    const moved = watching();
    moved.watch.take(report({ [V1]: 50 }));
    moved.follow({}, 6000);
    expect(moved.found()).toEqual([]);
  });
});
