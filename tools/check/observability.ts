import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { observabilityFiles } from '../observability/manifests.ts';
import type { Finding } from './checker.ts';

/** Whether manifests/prometheus and manifests/grafana are what the metric names in the code make of them. */
export async function checkObservability(root: string): Promise<Finding> {
  const stale: string[] = [];
  let filesRead = 0;
  for (const [path, text] of observabilityFiles(root)) {
    const committed = await readFile(join(root, 'manifests', path), 'utf8').catch(() => undefined);
    filesRead += 1;
    if (committed !== text) stale.push(`manifests/${path} is not up to date; run \`make generate\``);
  }
  return { filesRead, problems: stale.join('\n') };
}
