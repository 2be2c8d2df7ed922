import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { buildProgram } from '../../src/app/program.ts';
import { createCommand } from '../../src/model-server/options/command.ts';
import type { Finding } from './checker.ts';
import { codeBlocks, inlineCode } from './code-blocks.ts';
import { callProblems, commandLines, makeProblems } from './command-examples.ts';
import { documents } from './sources.ts';
import { specProblems } from './spec-examples.ts';

const nothing = async (): Promise<void> => undefined;

/** Whether what the documents tell people to write and to type is what the programs take. */
export async function checkExamples(root: string): Promise<Finding> {
  const programs = new Map<string, Command>([
    ['penstock', buildProgram()],
    ['model-server', createCommand('0', { serve: nothing, encrypt: nothing })],
  ]);
  const makefile = readFileSync(join(root, 'Makefile'), 'utf8');
  // What a release had is not what this one has.
  const files = documents(root).filter((file) => file !== 'CHANGELOG.md');
  const problems = files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const blocks = codeBlocks(text);
    const typed = [...blocks.flatMap(commandLines), ...inlineCode(text)];
    return [
      ...blocks.filter(({ language }) => language === 'yaml').flatMap((block) => specProblems(file, block)),
      ...typed.flatMap(({ line, text }) =>
        [...callProblems(text, programs), ...makeProblems(text, root, makefile)].map(
          (problem) => `${file}:${line}: ${problem}`,
        ),
      ),
    ];
  });
  return { filesRead: files.length, problems: problems.join('\n') };
}
