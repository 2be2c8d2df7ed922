import { type Command, CommanderError, InvalidArgumentError } from 'commander';
import { helpHint } from '../cli/conventions.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * Runs one command line.
 * @returns the exit code: 0, 1 when it failed, 2 when it was not understood, or what the command set
 */
export async function runProgram(program: Command, argv: readonly string[]): Promise<number> {
  process.stdout.off('error', endQuietly).on('error', endQuietly);
  let running = program;
  program.hook('preAction', (_, command) => {
    running = command;
  });
  try {
    await program.parseAsync([...argv]);
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    const told = (text: string) => process.stderr.write(`${program.name()}: ${text}\n`);
    // What a command finds wrong with its arguments; what commander finds wrong it has told.
    if (error instanceof InvalidArgumentError) told(`${error.message}\n${helpHint(running)}`);
    else if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    else told(describe(error));
    return error instanceof InvalidArgumentError ? EXIT_USAGE : EXIT_FAILED;
  }
}

/** Whoever reads the output may have seen enough: `penstock get | head -1`. */
function endQuietly(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : EXIT_FAILED);
}

/** A user's mistake is told in one line; a defect of ours with the stack that its finder will be asked for. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isDefect =
    error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  return isDefect ? `internal error: ${error.stack ?? error.message}` : error.message;
}
