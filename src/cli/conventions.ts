import type { Command } from 'commander';

/**
 * What is alike in all commands: a mistake is told as `penstock: what is wrong; what would be right`, with the command
 * whose help says more, and ends the process in one place.
 */
export function withConventions(program: Command): Command {
  for (const command of withSubcommands(program)) {
    command
      .copyInheritedSettings(program)
      .exitOverride()
      .showHelpAfterError(helpHint(command))
      .configureOutput({
        outputError: (text, write) => write(text.replace(/^error: /, `${program.name()}: `)),
      });
  }
  return program;
}

/** The line under a mistake. */
export function helpHint(command: Command): string {
  return `(${pathOf(command)} --help says what is possible)`;
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
