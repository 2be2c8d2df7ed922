import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { examplesByKind } from '../src/core/api/examples-by-kind.ts';
import { referenceFiles } from '../src/core/api/reference.ts';

// Writes docs/reference/ anew from the kinds; a test fails when the committed files differ.
const docs = fileURLToPath(new URL('../docs/', import.meta.url));
const examples = examplesByKind(await readFile(join(docs, 'examples/fraud.yaml'), 'utf8'));
for (const [path, text] of referenceFiles(examples)) {
  const file = join(docs, 'reference', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  process.stdout.write(`${file}\n`);
}
