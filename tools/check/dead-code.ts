import { join } from 'node:path';
import { capture } from './capture.ts';
import type { Finding } from './checker.ts';

/** Files, exports and dependencies that nobody uses, by knip. */
export async function checkDeadCode(root: string): Promise<Finding> {
  const reporter = join(import.meta.dirname, 'knip-reporter.ts');
  const args = ['--no-progress', '--reporter', 'compact', '--reporter', reporter];
  const { exitCode, stdout, stderr } = await capture('knip', args, root);
  const count = /^files read: (\d+)$/m.exec(stdout);
  return {
    filesRead: Number(count?.[1] ?? 0),
    problems: exitCode === 0 ? '' : `${stdout.replace(count?.[0] ?? '', '')}${stderr}`.trim(),
  };
}
