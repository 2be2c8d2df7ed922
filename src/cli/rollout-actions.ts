import { Argument, Command, InvalidArgumentError } from 'commander';
import { adminClient, adminOption, tokenOption } from './admin-option.ts';

const DESCRIPTIONS = {
  promote: 'go to the next step at once, without waiting for time, traffic, gates or webhooks',
  pause: 'hold the weight where it is; the gates go on watching',
  resume: 'go on after a pause or a freeze',
  abort: 'send all traffic back to the stable version at once',
  retry: 'start a rolled-back rollout again from its first step',
} as const;

/** `penstock promote|pause|resume|abort|retry ROLLOUT`. */
export function rolloutActionCommands(): readonly Command[] {
  return Object.entries(DESCRIPTIONS).map(([action, description]) =>
    new Command(action)
      .description(description)
      .argument('<rollout>', 'NAME, or NAMESPACE/NAME', readRollout)
      .addOption(adminOption())
      .addOption(tokenOption())
      .action(async (rollout: string, options: { admin: string; token?: string }) => {
        await adminClient(options).post(`rollouts/${rolloutPath(rollout)}:${action}`);
        process.stderr.write(`${rollout}: ${action} is in force\n`);
      }),
  );
}

/** `penstock freeze on|off` and `penstock baseline on|off`. */
export function switchCommands(): readonly Command[] {
  return [
    switchCommand('freeze', 'hold every automatic change, or let them go on'),
    switchCommand(
      'baseline',
      "put every sidecar back on the specs' static values, or let decisions act again",
    ),
  ];
}

function switchCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addArgument(new Argument('<state>', 'on or off').choices(['on', 'off']))
    .addOption(adminOption())
    .addOption(tokenOption())
    .action(async (state: string, options: { admin: string; token?: string }) => {
      await adminClient(options).post(name, { on: state === 'on' });
      process.stderr.write(`${name} is ${state}\n`);
    });
}

/** @throws InvalidArgumentError when it is neither NAME nor NAMESPACE/NAME. */
function readRollout(text: string): string {
  if (!/^[^/]+(\/[^/]+)?$/.test(text)) throw new InvalidArgumentError('give NAME, or NAMESPACE/NAME.');
  return text;
}

/** NAMESPACE/NAME for a URL path; a bare name is in `default`. */
function rolloutPath(rollout: string): string {
  const [first = '', second] = rollout.split('/');
  return second === undefined
    ? `default/${encodeURIComponent(first)}`
    : `${encodeURIComponent(first)}/${encodeURIComponent(second)}`;
}
