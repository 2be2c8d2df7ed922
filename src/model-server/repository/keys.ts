import { exec } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Problem } from '../protocol/problem.ts';
import { KEY_BYTES } from './encryption.ts';

/** Where the key for encrypted models comes from. */
export type KeySource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly name: string }
  /** A command that prints the key, as for a key management service. */
  | { readonly kind: 'command'; readonly command: string };

const run = promisify(exec);
const COMMAND_TIMEOUT_MS = 30_000;

/** Gets the key. It is asked for at each load, so that a key can be changed. Rejects with FAILED_PRECONDITION. */
export async function fetchKey(source: KeySource): Promise<Buffer> {
  const [text, from] = await readSource(source);
  const key = parseKey(text);
  if (key) return key;
  throw new Problem(
    'FAILED_PRECONDITION',
    `${from} is not a key: expected 32 bytes, raw, in hex or in Base64`,
  );
}

/** Reads a key of 32 bytes: raw, 64 digits of hex, or Base64. Undefined for anything else. */
export function parseKey(given: Buffer): Buffer | undefined {
  if (given.length === KEY_BYTES) return given;
  const text = given.toString('latin1').trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  const decoded = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  return decoded.length === KEY_BYTES ? decoded : undefined;
}

async function readSource(source: KeySource): Promise<[Buffer, string]> {
  try {
    if (source.kind === 'file') return [await readFile(source.path), `key file ${source.path}`];
    if (source.kind === 'environment') {
      const value = process.env[source.name];
      if (value === undefined) throw new Error('it is not set');
      return [Buffer.from(value), `environment variable ${source.name}`];
    }
    const { stdout } = await run(source.command, { encoding: 'buffer', timeout: COMMAND_TIMEOUT_MS });
    return [stdout, 'the output of the key command'];
  } catch (error) {
    const what = { file: 'key file', environment: 'environment variable', command: 'key command' }[
      source.kind
    ];
    throw new Problem('FAILED_PRECONDITION', `the ${what} gives no key: ${(error as Error).message.trim()}`);
  }
}
