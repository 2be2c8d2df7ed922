import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Problem } from '../protocol/problem.ts';
import type { KeySource } from './keys.ts';
import { openModelFile } from './open-file.ts';
import { type Credentials, signRequest } from './signature-v4.ts';
import {
  CHECKSUM_SUFFIX,
  ENCRYPTED_FILE,
  MODEL_FILE,
  type Repository,
  type StoredVersion,
} from './stored.ts';

/** S3-compatible storage: `NAME/VERSION/model.onnx` under a prefix of a bucket. */
export interface BucketSettings {
  readonly bucket: string;
  /** Empty, or ending with a slash. */
  readonly prefix: string;
  /** Such as `https://s3.eu-central-1.amazonaws.com`; the bucket is named in the path. */
  readonly endpoint: string;
  readonly region: string;
  /** Absent for a public bucket. */
  readonly credentials: Credentials | undefined;
  /** The folder that fetched files are kept in, encrypted ones as they are. */
  readonly cache: string;
  readonly key: KeySource | undefined;
}

interface StoredObject {
  readonly path: string;
  readonly etag: string;
}

const FETCH_TIMEOUT_MS = 30_000;
const ATTEMPTS = 3;
const RETRY_AFTER_MS = 100;

/** A repository in a bucket. What has been fetched once is kept, so that a lost runner needs no network to return. */
export function openBucket(settings: BucketSettings): Repository {
  return {
    async list() {
      const objects = new Map((await listObjects(settings)).map((object) => [object.path, object]));
      return [...objects.values()].flatMap((object) => storedIn(settings, objects, object) ?? []);
    },
  };
}

function storedIn(
  settings: BucketSettings,
  objects: ReadonlyMap<string, StoredObject>,
  object: StoredObject,
): StoredVersion | undefined {
  const [model, version, file, ...rest] = object.path.split('/');
  if (!model || !version || rest.length > 0 || (file !== MODEL_FILE && file !== ENCRYPTED_FILE))
    return undefined;
  const checksum = objects.get(object.path + CHECKSUM_SUFFIX);
  const stamp = `${object.etag} ${checksum?.etag}`;
  const folder = join(settings.cache, createHash('sha256').update(`${object.path} ${stamp}`).digest('hex'));
  return {
    model,
    version,
    stamp,
    async source() {
      const path = join(folder, file);
      if (checksum) await fetchObject(settings, checksum.path, path + CHECKSUM_SUFFIX);
      await fetchObject(settings, object.path, path);
      return openModelFile(path, settings.key);
    },
  };
}

async function listObjects(settings: BucketSettings): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  let token: string | undefined;
  do {
    const query = {
      'list-type': '2',
      prefix: settings.prefix,
      ...(token !== undefined && { 'continuation-token': token }),
    };
    const page = await (await request(settings, '', query)).text();
    for (const [, contents = ''] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
      const path = textOf(contents, 'Key').slice(settings.prefix.length);
      objects.push({ path, etag: textOf(contents, 'ETag') });
    }
    token = textOf(page, 'NextContinuationToken') || undefined;
  } while (token !== undefined);
  return objects;
}

/** Fetches a file unless it is there already; it appears complete or not at all. */
async function fetchObject(settings: BucketSettings, path: string, target: string): Promise<void> {
  if (await stat(target).catch(() => undefined)) return;
  await mkdir(dirname(target), { recursive: true });
  const response = await request(settings, settings.prefix + path, {});
  const partial = `${target}.${process.pid}.part`;
  try {
    if (!response.body) throw new Problem('UNAVAILABLE', `the storage sent nothing for ${path}`);
    await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(partial));
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw new Problem('UNAVAILABLE', `${path} could not be fetched: ${(error as Error).message}`);
  }
}

async function request(
  settings: BucketSettings,
  key: string,
  query: Record<string, string>,
): Promise<Response> {
  const { endpoint, bucket, region, credentials } = settings;
  const path = [bucket, ...key.split('/')].map(encodeURIComponent).join('/');
  const url = new URL(`${endpoint.replace(/\/$/, '')}/${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  for (let attempt = 1; ; attempt++) {
    const outcome = await send(url, region, credentials).catch((error: Error) => error);
    if (!(outcome instanceof Error) && outcome.ok) return outcome;
    const passing = outcome instanceof Error || outcome.status >= 500;
    if (!passing || attempt === ATTEMPTS)
      throw await requestProblem(outcome, endpoint, `s3://${bucket}/${key}`);
    // A connection that the storage closed while it was idle, or a storage that is busy: it passes.
    await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS * attempt));
  }
}

function send(url: URL, region: string, credentials: Credentials | undefined): Promise<Response> {
  const unsigned = { method: 'GET', url, region, service: 's3', at: new Date() };
  const headers = credentials ? signRequest(unsigned, credentials) : {};
  return fetch(url, { headers, signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
}

async function requestProblem(outcome: Error | Response, endpoint: string, place: string): Promise<Problem> {
  if (outcome instanceof Error) {
    const why = outcome.cause instanceof Error ? outcome.cause.message : outcome.message;
    return new Problem('UNAVAILABLE', `the storage at ${endpoint} cannot be reached: ${why}`);
  }
  const message = textOf(await outcome.text(), 'Message') || outcome.statusText;
  return new Problem(
    'UNAVAILABLE',
    `the storage at ${endpoint} refuses ${place}: ${outcome.status} ${message}`,
  );
}

function textOf(xml: string, element: string): string {
  const [, text = ''] = new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(xml) ?? [];
  return text
    .replace(/&quot;|&#34;/g, '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
