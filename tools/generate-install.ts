import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainManifests } from './kubernetes/chart.ts';

// Writes manifests/install.yaml: what the chart is rendered to with its own values. Needs Helm (tools/setup.sh helm).
writeFileSync(join(import.meta.dirname, '../manifests/install.yaml'), plainManifests());
console.error('penstock: manifests/install.yaml is what the chart is rendered to');
