import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crdFiles } from './kubernetes/crd-files.ts';

// Writes manifests/crds/ anew from the kinds; `make check` fails when the committed files differ.
const manifests = join(dirname(import.meta.dirname), 'manifests');
for (const [path, text] of crdFiles()) {
  const file = join(manifests, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  process.stdout.write(`${file}\n`);
}
