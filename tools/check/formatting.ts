import { capture } from './capture.ts';
import type { Finding } from './checker.ts';

/** Formatting and lint, by Biome. */
export async function checkFormatting(root: string): Promise<Finding> {
  const { exitCode, stdout, stderr } = await capture(
    'biome',
    ['ci', '--colors=off', '--error-on-warnings', '--max-diagnostics=50'],
    root,
  );
  const words = `${stdout}${stderr}`;
  const filesRead = Number(/Checked (\d+) file/.exec(words)?.[1] ?? 0);
  return { filesRead, problems: exitCode === 0 ? '' : words.trim() };
}
