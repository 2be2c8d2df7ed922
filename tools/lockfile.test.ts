import { describe, expect, test } from 'vitest';
import { isInstalled } from './lockfile.ts';

const HONO = { version: '4.13.19', integrity: 'sha512-a' };
const file = (packages: object) => ({
  lockfileVersion: 3,
  packages: { '': { name: 'penstock' }, ...packages },
});
const lock = file({ 'node_modules/hono': HONO });

describe('node_modules is up to date', () => {
  test.each([
    ['with the same version and integrity', lock, file({ 'node_modules/hono': HONO })],
    [
      'without a package of another platform',
      file({ 'node_modules/hono': HONO, 'node_modules/win': { version: '1.0.0', optional: true } }),
      lock,
    ],
    [
      'with a package of this platform that the lock file could not know',
      lock,
      file({ 'node_modules/hono': HONO, 'node_modules/mac': { version: '1.0.0', optional: true } }),
    ],
  ])('%s', (_case, wanted, present) => {
    expect(isInstalled(wanted, present)).toBe(true);
  });
});

describe('node_modules is to be installed', () => {
  test.each([
    ['when there is none', undefined],
    ['when npm left no record', {}],
    ['when a version differs', file({ 'node_modules/hono': { ...HONO, version: '4.13.18' } })],
    ['when an integrity differs', file({ 'node_modules/hono': { ...HONO, integrity: 'sha512-b' } })],
    ['when a package is missing', file({})],
    ['when a package is left over', file({ 'node_modules/hono': HONO, 'node_modules/old': HONO })],
  ])('%s', (_case, present) => {
    expect(isInstalled(lock, present)).toBe(false);
  });
});
