import { dirname, join } from 'node:path';
import { capture } from './capture.ts';
import type { Finding } from './checker.ts';

const PROJECT = dirname(dirname(import.meta.dirname));

/** The part of dependency-cruiser's result that is read here. */
interface Cruise {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly rule: { readonly name: string };
      readonly from: string;
      readonly to: string;
    }[];
    readonly ruleSetUsed: {
      readonly forbidden: readonly { readonly name: string; readonly comment?: string }[];
    };
  };
}

/**
 * Import directions: the rules of .dependency-cruiser.mjs, run on the folders of `root`.
 * Only modules that are in `sources` count as read: what they import is seen without being read.
 */
export async function checkImports(root: string, sources: readonly string[]): Promise<Finding> {
  const folders = [...new Set(sources.map((path) => path.split('/')[0] ?? path))];
  const { exitCode, stdout, stderr } = await capture(
    process.execPath,
    [
      ...['--import', join(import.meta.dirname, 'using-declarations.ts')],
      join(PROJECT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
      ...['--config', join(PROJECT, '.dependency-cruiser.mjs'), '--output-type', 'json', ...folders],
    ],
    root,
  );
  // Its exit code counts violations; when it fails itself there is nothing to parse.
  if (!stdout.startsWith('{'))
    return { filesRead: 0, problems: `dependency-cruiser: ${stderr.trim() || exitCode}` };
  const cruise = JSON.parse(stdout) as Cruise;
  const expected = new Set(sources);
  return {
    filesRead: cruise.modules.filter(({ source }) => expected.has(source)).length,
    problems: describe(cruise).join('\n'),
  };
}

function describe({ summary }: Cruise): readonly string[] {
  const reasons = new Map(summary.ruleSetUsed.forbidden.map(({ name, comment }) => [name, comment ?? '']));
  return summary.violations.map(({ rule, from, to }) => {
    const edge = from === to ? from : `${from} → ${to}`;
    return `${edge}: ${rule.name}: ${reasons.get(rule.name) ?? ''}`;
  });
}
