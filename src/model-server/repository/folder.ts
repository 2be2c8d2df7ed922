import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../protocol/problem.ts';
import type { KeySource } from './keys.ts';
import { openModelFile } from './open-file.ts';
import {
  CHECKSUM_SUFFIX,
  ENCRYPTED_FILE,
  MODEL_FILE,
  type Repository,
  type StoredVersion,
} from './stored.ts';

/** A repository in a folder: `NAME/VERSION/model.onnx`, or `model.onnx.enc` where it is encrypted. */
export function openFolder(root: string, key: KeySource | undefined): Repository {
  return {
    async list() {
      const found: StoredVersion[] = [];
      for (const model of await foldersIn(root)) {
        for (const version of await foldersIn(join(root, model))) {
          const stored = await storedIn(join(root, model, version), key);
          if (stored) found.push({ model, version, ...stored });
        }
      }
      return found;
    },
  };
}

async function storedIn(
  folder: string,
  key: KeySource | undefined,
): Promise<Pick<StoredVersion, 'stamp' | 'source'> | undefined> {
  for (const name of [MODEL_FILE, ENCRYPTED_FILE]) {
    const path = join(folder, name);
    const stamp = await stampOf(path);
    if (stamp === undefined) continue;
    const checksumStamp = await stampOf(path + CHECKSUM_SUFFIX);
    return { stamp: `${stamp} ${checksumStamp}`, source: () => openModelFile(path, key) };
  }
  return undefined;
}

async function stampOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? `${found.mtimeMs}:${found.size}:${found.ino}` : undefined;
}

async function foldersIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
    return folders.map((entry) => entry.name).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [];
    throw new Problem(
      'UNAVAILABLE',
      `the model repository ${path} cannot be read: ${(error as Error).message}`,
    );
  }
}
