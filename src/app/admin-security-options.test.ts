import { expect, it } from 'vitest';
import { adminSecurityMistake, adminSecurityWarnings } from './admin-security-options.ts';

it.each([
  ['127.0.0.1:18080', {}, undefined],
  ['localhost:0', {}, undefined],
  ['0.0.0.0:18080', {}, /not loopback.*--admin-auth/],
  ['[::]:18080', {}, /not loopback/],
  ['0.0.0.0:18080', { adminAuth: 'auth.yaml' }, undefined],
  ['0.0.0.0:18080', { adminAllowAnonymous: true }, undefined],
  ['127.0.0.1:18080', { adminAuth: 'auth.yaml', adminAllowAnonymous: true }, /exclude each other/],
  ['127.0.0.1:18080', { adminTlsCert: 'c' }, /together/],
])('on %s with %j: %s', (adminAddress, options, mistake) => {
  const found = adminSecurityMistake({ adminAddress, adminAllowAnonymous: false, ...options });
  if (mistake === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(mistake);
});

it.each([
  ['127.0.0.1:18080', {}, []],
  ['0.0.0.0:18080', { adminAllowAnonymous: true }, [/everybody who reaches/]],
  ['0.0.0.0:18080', { adminAuth: 'auth.yaml' }, [/plaintext/]],
  ['0.0.0.0:18080', { adminAuth: 'auth.yaml', adminTlsCert: 'c', adminTlsKey: 'k' }, []],
])('on %s with %j warns of %s', (adminAddress, options, expected) => {
  const warnings = adminSecurityWarnings({ adminAddress, adminAllowAnonymous: false, ...options });
  expect(warnings).toHaveLength(expected.length);
  for (const [index, pattern] of expected.entries()) expect(warnings[index]).toMatch(pattern);
});
