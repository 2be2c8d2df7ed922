import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { anchorCommand } from '../cli/anchor.ts';
import { auditCommand } from '../cli/audit.ts';
import { bootstrapCommand } from '../cli/bootstrap.ts';
import { checkCommand } from '../cli/check.ts';
import { explainCommand } from '../cli/explain.ts';
import { getCommand } from '../cli/get.ts';
import { rolloutActionCommands, switchCommands } from '../cli/rollout-actions.ts';
import { waitCommand } from '../cli/wait.ts';
import { demoCommand } from '../demo/demo-command.ts';
import { openAuditFile } from '../state/state-store.ts';
import { capacityCommand } from './capacity-command.ts';
import { fallbackCacheCommand } from './fallback-cache-command.ts';
import { replayCommand } from './replay-command.ts';
import { serveCommand } from './serve-command.ts';
import { tokenCommand } from './token-command.ts';
import { penstockVersion } from './version.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * Runs one command line.
 * @returns the exit code: 0, 1 when it failed, 2 when it was not understood, or what the command set
 */
export async function runProgram(argv: readonly string[]): Promise<number> {
  process.stdout.off('error', endQuietly).on('error', endQuietly);
  const program = buildProgram();
  try {
    await program.parseAsync([...argv]);
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    // What commander finds wrong it has told; what a command finds wrong with its arguments it has not.
    if (error instanceof CommanderError && !(error instanceof InvalidArgumentError))
      return error.exitCode === 0 ? 0 : EXIT_USAGE;
    process.stderr.write(`penstock: ${describe(error)}\n`);
    return error instanceof InvalidArgumentError ? EXIT_USAGE : EXIT_FAILED;
  }
}

/** Whoever reads the output may have seen enough: `penstock get | head -1`. */
function endQuietly(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : EXIT_FAILED);
}

/** All commands with their options, for who runs them and for who describes them. */
export function buildProgram(): Command {
  const program = new Command('penstock')
    .description('Keeps model-serving traffic in an Envoy mesh healthy by itself.')
    .version(penstockVersion(), '-V, --version')
    // `bootstrap --version V` is the command's own.
    .enablePositionalOptions()
    .showHelpAfterError('(run with --help for what is possible)')
    .configureHelp({ showGlobalOptions: true });
  const commands = [
    serveCommand(),
    checkCommand(),
    bootstrapCommand(),
    anchorCommand(),
    getCommand(),
    explainCommand(),
    ...rolloutActionCommands(),
    waitCommand(),
    ...switchCommands(),
    auditCommand(openAuditFile),
    tokenCommand(),
    replayCommand(),
    fallbackCacheCommand(),
    capacityCommand(),
    demoCommand(),
  ];
  for (const command of commands) program.addCommand(command.copyInheritedSettings(program));
  // Errors end the process in one place, with the exit codes of a good Unix citizen.
  for (const command of withSubcommands(program)) command.exitOverride();
  return program;
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** A user's mistake is told in one line; a defect of ours with the stack that its finder will be asked for. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isDefect =
    error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  return isDefect ? `internal error: ${error.stack ?? error.message}` : error.message;
}
