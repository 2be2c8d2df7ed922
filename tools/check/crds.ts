import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crdFiles } from '../kubernetes/crd-files.ts';
import type { Finding } from './checker.ts';

/** Whether manifests/crds says what the kinds say. */
export async function checkCrds(root: string): Promise<Finding> {
  const files = crdFiles();
  const stale: string[] = [];
  for (const [path, text] of files) {
    const committed = await readFile(join(root, 'manifests', path), 'utf8').catch(() => undefined);
    if (committed !== text) stale.push(`manifests/${path} is not what the kinds say; run \`make generate\``);
  }
  return { filesRead: files.size, problems: stale.join('\n') };
}
