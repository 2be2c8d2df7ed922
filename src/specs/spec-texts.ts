import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { SpecText } from '../core/api/read-specs.ts';

/** A spec file that cannot be read; the message is for the user. */
export class UnreadableSpecError extends Error {
  override readonly name = 'UnreadableSpecError';
}

const specFile = /^[^.].*\.(?:ya?ml|json)$/i;

/**
 * Reads spec files in the order given.
 * @param paths files, directories (their `.yaml`, `.yml` and `.json` files by name, not those of subdirectories,
 *   nor hidden ones), or `-` for `stdin`
 * @throws UnreadableSpecError naming the first path that cannot be read
 */
export async function readSpecTexts(
  paths: readonly string[],
  stdin: NodeJS.ReadableStream,
): Promise<SpecText[]> {
  const texts: SpecText[] = [];
  for (const path of new Set(paths)) {
    if (path === '-') texts.push({ file: 'stdin', text: await text(stdin) });
    else for (const file of await specFilesOf(path)) texts.push({ file, text: await readText(file) });
  }
  return texts;
}

async function specFilesOf(path: string): Promise<string[]> {
  const isDirectory = await stat(path).then((found) => found.isDirectory(), unreadable(path));
  if (!isDirectory) return [path];
  const names = (await readdir(path).catch(unreadable(path))).filter((name) => specFile.test(name)).sort();
  if (names.length === 0)
    throw new UnreadableSpecError(`${path}: holds no spec; a directory with .yaml, .yml or .json files`);
  return names.map((name) => join(path, name));
}

async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch(unreadable(file));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableSpecError(`${file}: is not UTF-8 text; a YAML or JSON file`);
  }
}

function unreadable(path: string): (cause: unknown) => never {
  return (cause) => {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const reasons: Record<string, string> = {
      ENOENT: 'no such file or directory',
      EACCES: 'permission denied',
      EISDIR: 'is a directory',
    };
    const reason = reasons[String(code)] ?? (cause instanceof Error ? cause.message : String(cause));
    throw new UnreadableSpecError(`${path}: cannot be read: ${reason}`, { cause });
  };
}
