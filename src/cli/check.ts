import { Command } from 'commander';
import { formatProblem } from '../core/api/problem.ts';
import type { Specs } from '../core/api/read-specs.ts';
import { readSpecTexts, UnreadableSpecError } from '../specs/spec-texts.ts';
import { type DataFormat, formatData, outputOption } from './output.ts';

/** What a check reads and writes; the process's own streams unless a test gives others. */
export type CheckStreams = {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
};

/** Exit status: everything is valid, something is not, or the command itself could not be carried out. */
const checkStatus = { valid: 0, invalid: 1, usage: 2 } as const;

/** `penstock check -f FILE… [-o text|json|yaml]`: validates specs; problems on stdout, a summary on stderr. */
export function checkCommand(streams: CheckStreams = process): Command {
  return new Command('check')
    .description('validate spec files: what is wrong, where, and what would be right')
    .requiredOption(
      '-f, --file <path>',
      'a file, a directory, or - for standard input (repeatable)',
      (path: string, before: readonly string[] = []) => [...before, path],
    )
    .addOption(outputOption('text', 'how to print the problems'))
    .action(async ({ file, output }: { file: string[]; output: 'text' | DataFormat }) => {
      process.exitCode = await runCheck(file, output, streams);
    });
}

/** Checks the files and prints the outcome. @returns the exit status */
export async function runCheck(
  paths: readonly string[],
  output: 'text' | DataFormat,
  streams: CheckStreams,
): Promise<number> {
  // Other commands need no schema, and need not wait for them.
  const { readSpecs } = await import('../core/api/read-specs.ts');
  let specs: Specs;
  try {
    specs = readSpecs(await readSpecTexts(paths, streams.stdin));
  } catch (cause) {
    if (!(cause instanceof UnreadableSpecError)) throw cause;
    streams.stderr.write(`penstock: ${cause.message}\n`);
    return checkStatus.usage;
  }
  streams.stdout.write(
    output === 'text'
      ? specs.problems.map((it) => `${formatProblem(it)}\n`).join('')
      : formatData(asData(specs), output),
  );
  streams.stderr.write(`${summary(specs)}\n`);
  return specs.valid ? checkStatus.valid : checkStatus.invalid;
}

function asData({ valid, objects, problems }: Specs): object {
  const names = objects.map(({ kind, metadata: { namespace, name } }) => ({ kind, namespace, name }));
  return { valid, objects: names, problems };
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
