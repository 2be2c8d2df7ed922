import { describe, expect, it } from 'vitest';
import type { Resource } from '../core/delta/resource.ts';
import { TYPE_URL } from '../core/delta/type-urls.ts';
import { ResourceClaims } from './resource-claims.ts';

const scope = (name: string, version: string): Resource => ({
  typeUrl: TYPE_URL.srds,
  name,
  version,
  deltaFrame: new Uint8Array(),
  sotwFrame: new Uint8Array(),
  ttlMs: undefined,
  endpointsName: undefined,
});

/** What the pool is told, as `+NAME VERSION` and `-NAME`. */
function ledger() {
  const claims = new ResourceClaims();
  return (service: string, ...resources: readonly Resource[]) => {
    const edits = {
      upsert: [] as Resource[],
      remove: [] as { typeUrl: Resource['typeUrl']; name: string }[],
    };
    claims.replace(service, resources, edits);
    return [
      ...edits.upsert.map(({ name, version }) => `+${name} ${version}`),
      ...edits.remove.map(({ name }) => `-${name}`),
    ];
  };
}

describe('claims to resources', () => {
  it('tell what is new, changed and gone', () => {
    const replace = ledger();
    expect(replace('a', scope('x', '1'), scope('y', '1'))).toEqual(['+x 1', '+y 1']);
    expect(replace('a', scope('x', '1'), scope('y', '2'))).toEqual(['+y 2']);
    expect(replace('a', scope('x', '1'))).toEqual(['-y']);
  });
  it('leave a name with the service that had it first', () => {
    const replace = ledger();
    replace('a', scope('x', 'of a'));
    expect(replace('b', scope('x', 'of b'))).toEqual([]);
    expect(replace('b', scope('x', 'of b, changed'))).toEqual([]);
    expect(replace('b')).toEqual([]);
    expect(replace('a', scope('x', 'of a, changed'))).toEqual(['+x of a, changed']);
  });
  it('hand a name on when its owner goes', () => {
    const replace = ledger();
    replace('a', scope('x', 'of a'));
    replace('b', scope('x', 'of b'));
    expect(replace('a')).toEqual(['+x of b']);
    expect(replace('b')).toEqual(['-x']);
  });
});
