import { dirname } from 'node:path';
import { accept, type Checker } from './checker.ts';
import { checkCrds } from './crds.ts';
import { checkDeadCode } from './dead-code.ts';
import { checkExamples } from './examples.ts';
import { checkFormatting } from './formatting.ts';
import { checkImports } from './imports.ts';
import { checkLinks } from './links.ts';
import { checkObservability } from './observability.ts';
import { checkPackages } from './packages.ts';
import { checkReference } from './reference.ts';
import { sourceFiles } from './sources.ts';
import { checkTypes } from './types.ts';

// `make check`: one line a checker, and what it found when it found something.
const root = dirname(dirname(import.meta.dirname));
const sources = sourceFiles(root);

const CHECKERS: readonly Checker[] = [
  { name: 'formatting and lint', minimumFiles: sources.length, check: () => checkFormatting(root) },
  { name: 'types', minimumFiles: sources.length, check: () => checkTypes(root, ['.', 'src/dashboard']) },
  { name: 'import directions', minimumFiles: sources.length, check: () => checkImports(root, sources) },
  { name: 'dead code and dependencies', minimumFiles: sources.length, check: () => checkDeadCode(root) },
  { name: 'packages', minimumFiles: 100, check: () => checkPackages(root) },
  { name: 'generated reference', minimumFiles: 1, check: () => checkReference(root) },
  { name: 'resource definitions', minimumFiles: 1, check: () => checkCrds(root) },
  { name: 'links of the documents', minimumFiles: 20, check: () => checkLinks(root) },
  { name: 'examples of the documents', minimumFiles: 20, check: () => checkExamples(root) },
  { name: 'alerts and dashboards', minimumFiles: 1, check: () => checkObservability(root) },
];

if (sources.length === 0) throw new Error('no source file was found: is this the checkout?');

for (const { name, minimumFiles, check } of CHECKERS) {
  const startedAtMs = Date.now();
  const { filesRead, problems } = accept(await check(), minimumFiles);
  const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
  const mark = problems === '' ? 'ok  ' : 'FAIL';
  console.log(`${mark}  ${name.padEnd(28)}${String(filesRead).padStart(5)} files ${seconds.padStart(6)} s`);
  if (problems !== '') {
    console.log(problems);
    process.exitCode = 1;
  }
}
