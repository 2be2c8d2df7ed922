import { readFileSync } from 'node:fs';
import { brokenPromises } from './demo-report.ts';

// Holds a report of `penstock demo --report FILE` against the promises; says each that is broken, and exits 1.
const text = readFileSync(process.argv[2] ?? '', 'utf8');
console.log(text.trim());
for (const line of brokenPromises(JSON.parse(text))) {
  console.error(`demo: ${line}`);
  process.exitCode = 1;
}
