import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Problem } from '../protocol/problem.ts';
import { decryptModel } from './encryption.ts';
import { fetchKey, type KeySource } from './keys.ts';
import { CHECKSUM_SUFFIX, ENCRYPTED_FILE } from './stored.ts';

/**
 * Makes a model's file ready for the runtime: its path, or its decrypted bytes, which stay in memory.
 * Rejects with FAILED_PRECONDITION when its checksum is another than the file beside it says, or it cannot be decrypted.
 */
export async function openModelFile(path: string, key: KeySource | undefined): Promise<string | Uint8Array> {
  await verifyChecksum(path);
  if (!path.endsWith(ENCRYPTED_FILE)) return path;
  if (!key) {
    throw new Problem(
      'FAILED_PRECONDITION',
      `${path} is encrypted; give a key with --key-file, --key-env or --key-command`,
    );
  }
  return decryptModel(await readFile(path), await fetchKey(key));
}

async function verifyChecksum(path: string): Promise<void> {
  const line = await readFile(path + CHECKSUM_SUFFIX, 'utf8').catch(() => undefined);
  if (line === undefined) return;
  const expected = line.trim().split(/\s/)[0]?.toLowerCase() ?? '';
  if (!/^[0-9a-f]{64}$/.test(expected)) {
    throw new Problem('FAILED_PRECONDITION', `${path}${CHECKSUM_SUFFIX} does not hold a SHA-256`);
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const actual = hash.digest('hex');
  if (actual !== expected) {
    throw new Problem(
      'FAILED_PRECONDITION',
      `${path} is damaged: its SHA-256 is ${actual}, expected ${expected}`,
    );
  }
}
