import { readFileSync } from 'node:fs';
import { countTests } from './test-counts.ts';

// Prints `PASSED FAILED` for a report of vitest (--reporter=json) and the exit code of the run that wrote it.
const [reportFile = '', exitCode = '1'] = process.argv.slice(2);
const { passed, failed } = countTests(read(reportFile), Number(exitCode));
console.log(`${passed} ${failed}`);

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
