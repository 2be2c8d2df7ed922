import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { examplesByKind } from '../../src/core/api/examples-by-kind.ts';
import { referenceFiles } from '../../src/core/api/reference.ts';
import type { Finding } from './checker.ts';

/** Whether docs/reference says what the kinds say. */
export async function checkReference(root: string): Promise<Finding> {
  const files = referenceFiles(
    examplesByKind(await readFile(join(root, 'docs/examples/fraud.yaml'), 'utf8')),
  );
  const stale: string[] = [];
  let filesRead = 0;
  for (const [path, text] of files) {
    const committed = await readFile(join(root, 'docs/reference', path), 'utf8').catch(() => undefined);
    filesRead += 1;
    if (committed !== text)
      stale.push(`docs/reference/${path} is not what the kinds say; run \`make generate\``);
  }
  return { filesRead, problems: stale.join('\n') };
}
