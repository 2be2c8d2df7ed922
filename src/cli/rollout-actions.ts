import { Argument, Command } from 'commander';
import { readObjectName, resolveName } from './object-name.ts';
import { type Reach, type ReachOptions, withControlPlane } from './reach.ts';

const DESCRIPTIONS = {
  promote: 'go to the next step at once, without waiting for time, traffic, gates or webhooks',
  pause: 'hold the weight where it is; the gates go on watching',
  resume: 'go on after a pause or a freeze',
  abort: 'send all traffic back to the stable version at once',
  retry: 'start a rolled-back rollout again from its first step',
} as const;

/** `penstock promote|pause|resume|abort|retry ROLLOUT`. */
export function rolloutActionCommands(reach: Reach): readonly Command[] {
  return Object.entries(DESCRIPTIONS).map(([action, description]) =>
    reach
      .addOptions(
        new Command(action)
          .description(description)
          .argument('<rollout>', 'NAME, or NAMESPACE/NAME', readObjectName),
      )
      .action((rollout: string, options: ReachOptions) =>
        withControlPlane(reach, options, async ({ client, namespace }) => {
          const { namespace: of, name } = resolveName(rollout, namespace);
          await client.post(`rollouts/${encodeURIComponent(of)}/${encodeURIComponent(name)}:${action}`);
          process.stderr.write(`${rollout}: ${action} is in force\n`);
        }),
      ),
  );
}

/** `penstock freeze on|off` and `penstock baseline on|off`. */
export function switchCommands(reach: Reach): readonly Command[] {
  return [
    switchCommand(reach, 'freeze', 'hold every automatic change, or let them go on'),
    switchCommand(
      reach,
      'baseline',
      "put every sidecar back on the specs' static values, or let decisions act again",
    ),
  ];
}

function switchCommand(reach: Reach, name: string, description: string): Command {
  return reach
    .addOptions(
      new Command(name)
        .description(description)
        .addArgument(new Argument('<state>', 'on or off').choices(['on', 'off'])),
    )
    .action((state: string, options: ReachOptions) =>
      withControlPlane(reach, options, async ({ client }) => {
        await client.post(name, { on: state === 'on' });
        process.stderr.write(`${name} is ${state}\n`);
      }),
    );
}
