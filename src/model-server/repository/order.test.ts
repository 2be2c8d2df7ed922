import { describe, expect, it } from 'vitest';
import { chooseVersions, parseVersions, type VersionPolicy } from './order.ts';

describe('versions', () => {
  it.each<[string, VersionPolicy, string[], string[]]>([
    ['the latest by number', { kind: 'latest', count: 1 }, ['v10', 'v2', 'v9'], ['v10']],
    ['the latest two', { kind: 'latest', count: 2 }, ['1', '3', '2'], ['2', '3']],
    ['all in order', { kind: 'all' }, ['v10', 'v2'], ['v2', 'v10']],
    ['the named ones', { kind: 'specific', versions: ['v2', 'v1'] }, ['v1', 'v2', 'v3'], ['v1', 'v2']],
    ['the named ones even if missing', { kind: 'specific', versions: ['v4'] }, ['v1'], ['v4']],
  ])('%s', (_what, policy, present, expected) => {
    expect(chooseVersions(policy, present)).toEqual(expected);
  });
});

describe('a policy', () => {
  it.each<[string, VersionPolicy]>([
    ['all', { kind: 'all' }],
    ['latest', { kind: 'latest', count: 1 }],
    ['latest=3', { kind: 'latest', count: 3 }],
    ['v1, v2', { kind: 'specific', versions: ['v1', 'v2'] }],
  ])('%s', (text, policy) => {
    expect(parseVersions(text)).toEqual(policy);
  });
});
