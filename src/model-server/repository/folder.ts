import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../protocol/problem.ts';

/** One model version that a repository holds. */
export interface StoredVersion {
  readonly model: string;
  readonly version: string;
  /** Changes when the content may have changed. */
  readonly stamp: string;
  /** The model's file, or its bytes where no file of it may exist. */
  source(): Promise<string | Uint8Array>;
}

/** Where models come from. Its listing is asked again at every load. */
export interface Repository {
  /** All model versions there are. Rejects with UNAVAILABLE when the repository cannot be read. */
  list(): Promise<StoredVersion[]>;
}

/** The file of a model version. */
export const MODEL_FILE = 'model.onnx';

/** A repository in a folder: `NAME/VERSION/model.onnx`. */
export function openFolder(root: string): Repository {
  return {
    async list() {
      const found: StoredVersion[] = [];
      for (const model of await foldersIn(root)) {
        for (const version of await foldersIn(join(root, model))) {
          const stored = await storedIn(root, model, version);
          if (stored) found.push(stored);
        }
      }
      return found;
    },
  };
}

async function storedIn(root: string, model: string, version: string): Promise<StoredVersion | undefined> {
  const path = join(root, model, version, MODEL_FILE);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  return { model, version, stamp: `${found.mtimeMs}:${found.size}:${found.ino}`, source: async () => path };
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
