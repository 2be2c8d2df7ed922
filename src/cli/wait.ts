import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../core/api/duration.ts';
import type { RolloutPhase, RolloutStatus } from '../core/status/status.ts';
import { AdminClient, AdminError } from './admin-client.ts';
import { adminOption } from './admin-option.ts';
import { formatWeight } from './format.ts';

const GOALS = { completed: 'Completed', 'rolled-back': 'RolledBack', paused: 'Paused' } as const;
const ENDS: readonly RolloutPhase[] = ['Completed', 'RolledBack', 'Superseded'];

/** Exit codes of `penstock wait`, so that a pipeline can branch on them. */
const WAIT_EXIT = { reached: 0, failed: 1, endedOtherwise: 3, timedOut: 4 } as const;

/** `penstock wait ROLLOUT --for completed|rolled-back|paused --timeout T`. */
export function waitCommand(): Command {
  return new Command('wait')
    .description(
      'wait until a rollout is over; exits 0 when it ended as asked, 3 when otherwise, 4 on the timeout',
    )
    .argument('<rollout>', 'NAME, or NAMESPACE/NAME')
    .addOption(
      new Option('--for <goal>', 'what to wait for').choices(Object.keys(GOALS)).default('completed'),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long at most, such as 30m')
        .argParser(readTimeout)
        .default(3_600_000, '1h'),
    )
    .addOption(
      new Option('-o, --output <format>', 'print the rollout at the end')
        .choices(['none', 'json'])
        .default('none'),
    )
    .addOption(adminOption())
    .action(
      async (
        rollout: string,
        options: { for: keyof typeof GOALS; timeout: number; output: string; admin: string },
      ) => {
        const { status, code } = await waitFor(
          new AdminClient(options.admin),
          rollout,
          GOALS[options.for],
          options.timeout,
        );
        if (status !== undefined && options.output === 'json')
          process.stdout.write(`${JSON.stringify(status, undefined, 2)}\n`);
        if (code !== WAIT_EXIT.reached) {
          const where = status === undefined ? 'never seen' : `${status.phase}: ${status.message}`;
          process.stderr.write(
            `${rollout}: ${code === WAIT_EXIT.timedOut ? 'timed out' : 'ended otherwise'}; ${where}\n`,
          );
        }
        process.exitCode = code;
      },
    );
}

async function waitFor(
  client: AdminClient,
  rollout: string,
  goal: RolloutPhase,
  timeoutMs: number,
): Promise<{ status: RolloutStatus | undefined; code: number }> {
  const deadline = Date.now() + timeoutMs;
  const [namespace, name] = rollout.includes('/') ? rollout.split('/', 2) : ['default', rollout];
  let last = '';
  let status: RolloutStatus | undefined;
  let unreachable: AdminError | undefined;
  while (Date.now() < deadline) {
    try {
      const rollouts = await client.fetch<readonly RolloutStatus[]>('rollouts');
      status = rollouts.find((each) => each.namespace === namespace && each.name === name);
      if (status === undefined)
        throw new AdminError(`${rollout}: no such rollout; \`penstock get rollouts\` lists them`, 404);
      unreachable = undefined;
    } catch (error) {
      // A control plane that restarts in the middle is waited for, like the rollout itself.
      if (!(error instanceof AdminError) || error.status !== undefined) throw error;
      unreachable = error;
    }
    if (status !== undefined) {
      const line = `${rollout}: ${status.phase} at ${formatWeight(status.weight)}: ${status.message}`;
      if (line !== last) process.stderr.write(`${line}\n`);
      last = line;
      if (status.phase === goal) return { status, code: WAIT_EXIT.reached };
      if (ENDS.includes(status.phase)) return { status, code: WAIT_EXIT.endedOtherwise };
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  if (status === undefined && unreachable) throw unreachable;
  return { status, code: WAIT_EXIT.timedOut };
}

function readTimeout(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === undefined) throw new InvalidArgumentError('give a duration such as 90s, 30m or 2h.');
  return parsed;
}
