import { Command, Option } from 'commander';
import { formatProblem } from '../core/api/problem.ts';
import type { Specs } from '../core/api/read-specs.ts';
import { readSpecTexts, UnreadableSpecError } from '../specs/spec-texts.ts';

/** What a check reads and writes; the process's own streams unless a test gives others. */
export type CheckStreams = {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
};

/** Exit status: everything is valid, something is not, or the command itself could not be carried out. */
const checkStatus = { valid: 0, invalid: 1, usage: 2 } as const;

/** `penstock check -f FILE… [-o text|json]`: validates specs; problems on stdout, a summary on stderr. */
export function checkCommand(streams: CheckStreams = process): Command {
  return new Command('check')
    .description('validate spec files: what is wrong, where, and what would be right')
    .requiredOption(
      '-f, --file <path>',
      'a file, a directory, or - for standard input (repeatable)',
      (path: string, before: readonly string[] = []) => [...before, path],
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print the problems')
        .choices(['text', 'json'])
        .default('text'),
    )
    .action(async ({ file, output }: { file: string[]; output: 'text' | 'json' }) => {
      process.exitCode = await runCheck(file, output, streams);
    });
}

/** Checks the files and prints the outcome. @returns the exit status */
export async function runCheck(
  paths: readonly string[],
  output: 'text' | 'json',
  streams: CheckStreams,
): Promise<number> {
  // Other commands need no schema, and need not wait for them.
  const { readSpecs } = await import('../core/api/read-specs.ts');
  let specs: Specs;
  try {
    specs = readSpecs(await readSpecTexts(paths, streams.stdin));
  } catch (cause) {
    if (!(cause instanceof UnreadableSpecError)) throw cause;
    streams.stderr.write(`penstock check: ${cause.message}\n`);
    return checkStatus.usage;
  }
  streams.stdout.write(
    output === 'json' ? json(specs) : specs.problems.map((it) => `${formatProblem(it)}\n`).join(''),
  );
  streams.stderr.write(`${summary(specs)}\n`);
  return specs.valid ? checkStatus.valid : checkStatus.invalid;
}

function json({ valid, objects, problems }: Specs): string {
  const names = objects.map(({ kind, metadata: { namespace, name } }) => ({ kind, namespace, name }));
  return `${JSON.stringify({ valid, objects: names, problems }, undefined, 2)}\n`;
}

function summary({ valid, objects, problems }: Specs): string {
  const warnings = problems.filter(({ severity }) => severity === 'warning').length;
  const parts = [
    valid ? 'valid' : `not valid: ${counted(problems.length - warnings, 'error')}`,
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
    `${counted(objects.length, valid ? 'object' : 'readable object')}`,
  ];
  return parts.join(', ');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
