import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from './checker.ts';
import { codeBlocks } from './code-blocks.ts';
import { commandProblems } from './command-lines.ts';
import { documents } from './sources.ts';
import { specProblems } from './spec-examples.ts';

/** Whether what the documents tell people to write and to type is what the programs take. */
export async function checkExamples(root: string): Promise<Finding> {
  const makefile = readFileSync(join(root, 'Makefile'), 'utf8');
  // What a release had is not what this one has.
  const files = documents(root).filter((file) => file !== 'CHANGELOG.md');
  const problems: string[] = [];
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    const specs = codeBlocks(text).filter(({ language }) => language === 'yaml');
    problems.push(...specs.flatMap((block) => specProblems(file, block)));
    for (const { line, problem } of await commandProblems(text, { root, makefile }))
      problems.push(`${file}:${line}: ${problem}`);
  }
  return { filesRead: files.length, problems: problems.join('\n') };
}
