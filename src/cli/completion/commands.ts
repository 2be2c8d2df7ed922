import { Argument, Command } from 'commander';
import type { Reach } from '../reach.ts';
import { complete } from './complete.ts';
import { liveNames } from './live-names.ts';
import { ASK, completionScript, SHELLS, type Shell } from './scripts.ts';

/** `penstock completion bash|zsh|fish`: the script that a shell reads. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('print what has a shell complete commands, options and the names of rollouts')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  source <(penstock completion bash)                                        # now; in ~/.bashrc for good
  penstock completion zsh > "\${fpath[1]}/_penstock"                         # for good
  penstock completion fish > ~/.config/fish/completions/penstock.fish       # for good

Names are asked of the control plane that --admin or PENSTOCK_ADMIN names, for a second at most.`,
    )
    .action((shell: Shell, _: unknown, command: Command) => {
      process.stdout.write(completionScript(shell, command.parent?.name() ?? 'penstock'));
    });
}

/** What the scripts ask: candidates with their descriptions, and at last what to do with them. */
export function askCommand(reach: Reach): Command {
  return new Command(ASK)
    .argument('[words...]', 'of the command line after the program, the last one under the cursor')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: readonly string[], _: unknown, command: Command) => {
      const program = command.parent ?? command;
      const { candidates, directive } = await complete(program, words, liveNames(reach));
      const lines = candidates.map(({ value, description }) => `${value}\t${description}\n`);
      process.stdout.write(`${lines.join('')}:${directive}\n`);
    });
}
