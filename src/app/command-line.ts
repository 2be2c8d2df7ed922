import { Command } from 'commander';
import { anchorCommand } from '../cli/anchor.ts';
import { auditCommand } from '../cli/audit.ts';
import { bootstrapCommand } from '../cli/bootstrap.ts';
import { checkCommand } from '../cli/check.ts';
import { askCommand, completionCommand } from '../cli/completion/commands.ts';
import { withConventions } from '../cli/conventions.ts';
import { explainCommand } from '../cli/explain.ts';
import { getCommand } from '../cli/get.ts';
import { type Reach, reachByAddress } from '../cli/reach.ts';
import { rolloutActionCommands, switchCommands } from '../cli/rollout-actions.ts';
import { waitCommand } from '../cli/wait.ts';
import { demoCommand } from '../demo/demo-command.ts';
import { openAuditFile } from '../state/state-store.ts';
import { capacityCommand } from './capacity-command.ts';
import { fallbackCacheCommand } from './fallback-cache-command.ts';
import { reachByCluster } from './kubectl-reach.ts';
import { replayCommand } from './replay-command.ts';
import { serveCommand } from './serve-command.ts';
import { tokenCommand } from './token-command.ts';
import { penstockVersion } from './version.ts';

/** The commands of `penstock`. */
export function penstockProgram(): Command {
  const reach = reachByAddress;
  return programOf('penstock', reach, [
    serveCommand(),
    checkCommand(),
    bootstrapCommand(),
    anchorCommand(),
    ...askingCommands(reach),
    tokenCommand(),
    replayCommand(),
    fallbackCacheCommand(),
    capacityCommand(),
    demoCommand(),
    completionCommand(),
  ]);
}

/** The commands of `kubectl penstock`: those that ask the Penstock of a cluster. */
export function kubectlProgram(): Command {
  return programOf('kubectl penstock', reachByCluster, [...askingCommands(reachByCluster), checkCommand()]);
}

/** Those that ask a running control plane. */
function askingCommands(reach: Reach): readonly Command[] {
  return [
    getCommand(reach),
    explainCommand(reach),
    ...rolloutActionCommands(reach),
    waitCommand(reach),
    ...switchCommands(reach),
    auditCommand(reach, openAuditFile),
  ];
}

function programOf(name: string, reach: Reach, commands: readonly Command[]): Command {
  const program = new Command(name)
    .description('Keeps model-serving traffic in an Envoy mesh healthy by itself.')
    .version(penstockVersion(), '-V, --version')
    // `bootstrap --version V` is the command's own.
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: true });
  for (const command of commands) program.addCommand(command);
  return withConventions(program.addCommand(askCommand(reach), { hidden: true }));
}
