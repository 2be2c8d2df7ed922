import { describe, expect, it } from 'vitest';
import { identityOfUris, matchesIdentity, spiffeMistake } from './spiffe.ts';

describe('a SPIFFE ID', () => {
  it.each([
    ['spiffe://mesh.example/ns/default/sa/fraud', undefined],
    ['https://mesh.example/ns', 'does not begin with spiffe://'],
    ['spiffe:///ns/default', 'has no trust domain of lower-case letters, digits, dots and dashes'],
    ['spiffe://Mesh.Example/ns', 'has no trust domain of lower-case letters, digits, dots and dashes'],
    ['spiffe://user@mesh/ns', 'has no trust domain of lower-case letters, digits, dots and dashes'],
    ['spiffe://mesh:8443/ns', 'has no trust domain of lower-case letters, digits, dots and dashes'],
    ['spiffe://mesh', 'has no path'],
    ['spiffe://mesh/', 'has the path segment ""'],
    ['spiffe://mesh/a//b', 'has the path segment ""'],
    ['spiffe://mesh/a/../b', 'has the path segment ".."'],
    ['spiffe://mesh/a?b', 'has the path segment "a?b"'],
    [`spiffe://mesh/${'a'.repeat(2048)}`, 'is longer than 2048 characters'],
  ])('%s', (text, mistake) => expect(spiffeMistake(text)).toBe(mistake));

  it('is the only URI of a certificate', () => {
    expect(identityOfUris(['spiffe://mesh/a'])).toEqual({ id: 'spiffe://mesh/a' });
    expect(identityOfUris([])).toMatchObject({ refused: expect.stringContaining('names no SPIFFE ID') });
    expect(identityOfUris(['spiffe://mesh/a', 'spiffe://mesh/b'])).toMatchObject({
      refused: expect.stringContaining('names 2 URIs'),
    });
    expect(identityOfUris(['https://mesh/a'])).toMatchObject({ refused: expect.stringContaining('https') });
  });
});

describe('a pattern of identities', () => {
  it.each([
    ['spiffe://mesh/ns/a/sa/b', 'spiffe://mesh/ns/a/sa/b', true],
    ['spiffe://mesh/ns/*/sa/b', 'spiffe://mesh/ns/a/sa/b', true],
    ['spiffe://mesh/ns/*/sa/b', 'spiffe://mesh/ns/a/x/sa/b', false],
    ['spiffe://mesh/ns/a/**', 'spiffe://mesh/ns/a/sa/b', true],
    ['spiffe://mesh/ns/a/**', 'spiffe://mesh/ns/a', false],
    ['spiffe://mesh/ns/a/**', 'spiffe://mesh/ns/ab/sa/b', false],
    ['spiffe://mesh/**', 'spiffe://mesh/ns/a', true],
    ['spiffe://mesh/**', 'spiffe://other/ns/a', false],
    ['spiffe://*/ns/a', 'spiffe://other/ns/a', false],
    ['spiffe://**', 'spiffe://other/ns/a', false],
    ['spiffe://mesh/ns', 'spiffe://mesh/ns/a', false],
  ])('%s means %s: %s', (pattern, id, expected) => expect(matchesIdentity(pattern, id)).toBe(expected));
});
