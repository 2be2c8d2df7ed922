import { describe, expect, it } from 'vitest';
import { decryptModel, encryptModel } from './encryption.ts';
import { parseKey } from './keys.ts';

const key = Buffer.alloc(32, 7);
const model = Buffer.from('a model');
const encrypted = encryptModel(model, key, Buffer.alloc(12, 1));

describe('an encrypted model', () => {
  it('is read with its key', () => {
    expect(decryptModel(encrypted, key)).toEqual(model);
    expect(encrypted.includes('model')).toBe(false);
  });

  it('is not read with another key, and says so', () => {
    expect(() => decryptModel(encrypted, Buffer.alloc(32, 8))).toThrow('wrong key, or the file is damaged');
  });

  it('is not read when any byte has changed', () => {
    for (let place = 8; place < encrypted.length; place++) {
      const damaged = Buffer.from(encrypted);
      damaged[place] = (damaged[place] ?? 0) ^ 1;
      expect(() => decryptModel(damaged, key)).toThrow('wrong key, or the file is damaged');
    }
  });

  it.each([
    ['cut off', encrypted.subarray(0, 20)],
    ['empty', Buffer.alloc(0)],
    ['a plain model', Buffer.alloc(200, 8)],
  ])('is not taken for one when it is %s', (_what, bytes) => {
    expect(() => decryptModel(bytes, key)).toThrow('is not an encrypted model');
  });
});

describe('a key', () => {
  it.each([
    ['raw', key],
    ['in hex, with a line end', Buffer.from(`${key.toString('hex')}\n`)],
    ['in Base64', Buffer.from(key.toString('base64'))],
    ['in URL-safe Base64', Buffer.from(key.toString('base64url'))],
  ])('is read %s', (_form, bytes) => {
    expect(parseKey(bytes)).toEqual(key);
  });

  it.each([
    ['too short', Buffer.alloc(31)],
    ['a pass phrase', Buffer.from('correct horse battery staple')],
    ['empty', Buffer.alloc(0)],
  ])('is refused when it is %s', (_what, bytes) => {
    expect(parseKey(bytes)).toBeUndefined();
  });
});
