import { describe, expect, it } from 'vitest';
import { packageProblems, unprovenVersions } from './packages.ts';

const integrity = `sha512-${'A'.repeat(86)}==`;
const lock = (entry: object) => ({
  lockfileVersion: 3,
  packages: { '': {}, 'node_modules/a': { version: '1.0.0', integrity, license: 'MIT', ...entry } },
});

describe('packages', () => {
  it.each<[string, object, string | undefined]>([
    ['as they should be', {}, undefined],
    ['without a checksum', { integrity: undefined }, 'has no sha512'],
    ['with a weak checksum', { integrity: 'sha1-abc=' }, 'has no sha512'],
    ['from an address', { resolved: 'https://registry.example/a.tgz' }, 'is pinned to an address'],
    ['that are a folder', { link: true }, 'is a link'],
    ['without a licence', { license: undefined }, 'is under no licence'],
    ['under a licence that binds ours', { license: 'GPL-3.0-only' }, 'is under GPL-3.0-only'],
    ['under one of two licences', { license: '(BSD-3-Clause OR GPL-2.0)' }, undefined],
    ['under two licences together', { license: 'MIT AND GPL-3.0-only' }, 'is under MIT AND GPL-3.0-only'],
  ])('%s', (_, entry, problem) => {
    const problems = packageProblems({ dependencies: { a: '^1.0.0' } }, lock(entry));
    if (problem === undefined) expect(problems).toEqual([]);
    else expect(problems).toEqual([expect.stringContaining(`package-lock.json: node_modules/a: ${problem}`)]);
  });

  it.each(['git+https://example/a', 'file:../a', 'latest', '*', 'https://example/a.tgz', 'github:a/b'])(
    'asked for as %s are refused',
    (range) => expect(packageProblems({ dependencies: { a: range } }, lock({}))).toHaveLength(1),
  );

  it('are refused in a lock file of another form', () => {
    expect(packageProblems({}, { lockfileVersion: 1 })).toEqual([
      'package-lock.json: is of version 1; 3 is needed',
    ]);
  });
});

it('what is downloaded has a checksum, or a go.sum', () => {
  const text = `A_VERSION=1\nA_SHA256=${'0'.repeat(64)}\nB_VERSION=2\nB_WHEEL_SHA256=${'0'.repeat(64)}\nC_VERSION=3\nD_VERSION=4\nD_SHA256=12\n`;
  expect(unprovenVersions(text, ['C'])).toEqual(['tools/versions.env: D_VERSION has no D_SHA256 beside it']);
});
