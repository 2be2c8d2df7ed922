import { describe, expect, it } from 'vitest';
import { xdsSecurityMistake, xdsSecurityWarnings } from './xds-security-options.ts';

const LOOPBACK = { xdsAddress: '127.0.0.1:18000', xdsAllowPlaintext: false, xdsWorkers: 1 };
const PUBLIC = { xdsAddress: '0.0.0.0:18000', xdsAllowPlaintext: false, xdsWorkers: 1 };
const TLS = { xdsTlsCert: 'c', xdsTlsKey: 'k' };

describe('options of xDS security', () => {
  it.each([
    ['plaintext on loopback', LOOPBACK, undefined],
    ['plaintext on [::1]', { ...LOOPBACK, xdsAddress: '[::1]:1' }, undefined],
    ['plaintext elsewhere', PUBLIC, /not loopback.*--xds-allow-plaintext/],
    ['plaintext elsewhere, on purpose', { ...PUBLIC, xdsAllowPlaintext: true }, undefined],
    [
      'a name that only begins like loopback',
      { ...PUBLIC, xdsAddress: '127.0.0.1.evil.example:1' },
      /not loopback/,
    ],
    ['TLS elsewhere', { ...PUBLIC, ...TLS }, undefined],
    ['a certificate without its key', { ...LOOPBACK, xdsTlsCert: 'c' }, /together/],
    ['a key without its certificate', { ...LOOPBACK, xdsTlsKey: 'k' }, /together/],
    ['authorities without TLS', { ...LOOPBACK, xdsClientCa: 'a' }, /needs --xds-tls-cert/],
    ['a policy without authorities', { ...LOOPBACK, ...TLS, xdsPolicy: 'p' }, /needs --xds-client-ca/],
    [
      'a policy with workers',
      { ...LOOPBACK, ...TLS, xdsClientCa: 'a', xdsPolicy: 'p', xdsWorkers: 2 },
      /xds-workers 1/,
    ],
    ['everything', { ...PUBLIC, ...TLS, xdsClientCa: 'a', xdsPolicy: 'p' }, undefined],
  ])('%s', (_, options, mistake) => {
    const found = xdsSecurityMistake(options);
    if (mistake === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(mistake);
  });

  it.each([
    [LOOPBACK, []],
    [PUBLIC, [/without TLS/]],
    [{ ...PUBLIC, ...TLS }, [/without an identity/]],
    [{ ...PUBLIC, ...TLS, xdsClientCa: 'a' }, [/any sidecar/]],
    [{ ...PUBLIC, ...TLS, xdsClientCa: 'a', xdsPolicy: 'p' }, []],
  ])('%j warns of %s', (options, expected) => {
    const warnings = xdsSecurityWarnings(options);
    expect(warnings).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(warnings[index]).toMatch(pattern);
  });
});
