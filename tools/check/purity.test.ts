import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

// Import rules and lint see modules and globals; these are members of globals that are otherwise welcome in the core.
const IMPURE = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bimport\(/;
const root = dirname(dirname(import.meta.dirname));
const core = globSync('src/core/**/*.ts', { cwd: root }).filter((path) => !path.endsWith('.test.ts'));

test('the core asks neither the clock nor chance', () => {
  expect(core.length).toBeGreaterThan(50);
  expect(core.filter((path) => IMPURE.test(readFileSync(join(root, path), 'utf8')))).toEqual([]);
});
