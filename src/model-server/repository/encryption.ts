import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Problem } from '../protocol/problem.ts';

/** Bytes of a key. */
export const KEY_BYTES = 32;
/** Bytes of a nonce, which must never be used twice with one key. */
export const NONCE_BYTES = 12;

const ALGORITHM = 'aes-256-gcm';
const TAG_BYTES = 16;
/** What an encrypted file starts with; it is authenticated too, so that a later format cannot be taken for this one. */
const MAGIC = Buffer.from('PSTKENC1');

/** Encrypts a model: magic, nonce, ciphertext, authentication tag (AES-256-GCM, NIST SP 800-38D). */
export function encryptModel(plaintext: Uint8Array, key: Uint8Array, nonce: Uint8Array): Buffer {
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(MAGIC);
  return Buffer.concat([MAGIC, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Decrypts a model. Throws FAILED_PRECONDITION when the key is another one or a bit has changed. */
export function decryptModel(encrypted: Uint8Array, key: Uint8Array): Buffer {
  const bytes = Buffer.from(encrypted.buffer, encrypted.byteOffset, encrypted.byteLength);
  const start = MAGIC.length + NONCE_BYTES;
  if (bytes.length < start + TAG_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Problem(
      'FAILED_PRECONDITION',
      'the file is not an encrypted model (made by `model-server encrypt`)',
    );
  }
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(MAGIC.length, start), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(MAGIC).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(start, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw new Problem(
      'FAILED_PRECONDITION',
      'the model cannot be decrypted: it is the wrong key, or the file is damaged',
    );
  }
}
