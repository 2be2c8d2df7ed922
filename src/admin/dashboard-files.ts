import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/** A file of the dashboard, kept in memory. */
export interface DashboardFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
  readonly cacheControl: string;
}

/**
 * Reads the built dashboard by URL path (`/`, `/assets/index-….js`). Being in memory, no request path ever
 * becomes a file path. An empty map where the folder is not there: the dashboard was not built.
 */
export async function loadDashboard(folder: string): Promise<ReadonlyMap<string, DashboardFile>> {
  const files = new Map<string, DashboardFile>();
  for (const entry of await list(folder)) {
    const type = TYPES[extname(entry)];
    if (type === undefined) continue;
    const body = new Uint8Array(await readFile(entry));
    const path = `/${relative(folder, entry).split(sep).join('/')}`;
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    // The bundler puts a hash of the content into the names below assets/.
    const cacheControl = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    files.set(path === '/index.html' ? '/' : path, { body, type, etag, cacheControl });
  }
  return files;
}

/** The file as an answer; 304 where the reader already has it. */
export function serveFile(file: DashboardFile, ifNoneMatch: string | undefined): Response {
  const headers = { 'content-type': file.type, etag: file.etag, 'cache-control': file.cacheControl };
  return ifNoneMatch === file.etag
    ? new Response(null, { status: 304, headers })
    : new Response(file.body, { headers });
}

async function list(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
