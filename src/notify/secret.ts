import { readFile } from 'node:fs/promises';

/** Where the key of a signature is kept, as specs write it. */
export interface SecretSource {
  readonly env?: string | undefined;
  readonly file?: string | undefined;
  readonly kubernetes?: { readonly name: string; readonly key: string } | undefined;
}

/**
 * Reads the key; to be read for each request, since secrets are rotated under us.
 * @throws Error that says where it was looked for
 */
export async function readSecret(source: SecretSource): Promise<string> {
  if (source.env !== undefined) {
    const value = process.env[source.env];
    if (value) return value;
    throw new Error(`the environment variable ${source.env} is not set; it should hold the signature's key`);
  }
  if (source.file !== undefined) {
    const text = await readFile(source.file, 'utf8').catch((cause: unknown) => {
      throw new Error(`the file ${source.file} with the signature's key cannot be read`, { cause });
    });
    if (text.trimEnd() !== '') return text.trimEnd();
    throw new Error(`the file ${source.file} is empty; it should hold the signature's key`);
  }
  throw new Error('a Secret of the cluster is not read here; env or file');
}
