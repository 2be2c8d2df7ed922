import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { observabilityFiles } from './observability/manifests.ts';

// Writes manifests/prometheus/alerts.yaml and manifests/grafana/ anew; `make check` fails when the committed ones differ.
const root = dirname(import.meta.dirname);
for (const [path, text] of observabilityFiles(root)) {
  const file = join(root, 'manifests', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  process.stdout.write(`${file}\n`);
}
