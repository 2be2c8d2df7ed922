import { isAbsolute, relative } from 'node:path';
import { capture } from './capture.ts';
import type { Finding } from './checker.ts';

/** Types, by the compiler: the project's own, and the dashboard's, which are for a browser. */
export async function checkTypes(root: string, projects: readonly string[]): Promise<Finding> {
  const read = new Set<string>();
  const problems: string[] = [];
  for (const project of projects) {
    const args = ['--noEmit', '--listFiles', '--pretty', 'false', '-p', project];
    const { exitCode, stdout, stderr } = await capture('tsc', args, root);
    const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
    for (const line of lines.filter(isAbsolute)) {
      const path = relative(root, line);
      if (!path.startsWith('..') && !path.includes('node_modules') && !path.startsWith('src/gen'))
        read.add(path);
    }
    if (exitCode !== 0) problems.push(...lines.filter((line) => !isAbsolute(line)));
  }
  return { filesRead: read.size, problems: problems.join('\n') };
}
