import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../core/api/duration.ts';
import type { RolloutPhase, RolloutStatus } from '../core/status/status.ts';
import { AdminError } from './admin-client.ts';
import { formatWeight } from './format.ts';
import { readObjectName, resolveName } from './object-name.ts';
import { type DataFormat, formatData, outputOption } from './output.ts';
import { type Reach, type Reached, withControlPlane } from './reach.ts';

/** The phases in which a goal is reached. A promoted candidate has all traffic, whether or not stable is still kept warm. */
const GOALS = {
  promoted: ['Baking', 'Completed'],
  completed: ['Completed'],
  'rolled-back': ['RolledBack'],
  paused: ['Paused'],
} as const satisfies Readonly<Record<string, readonly RolloutPhase[]>>;
const ENDS: readonly RolloutPhase[] = ['Completed', 'RolledBack'];
/** Edited specs are in force within a second; for so long a rollout may not be there yet. */
const APPEARS_MS = 5_000;

/** Exit codes of `penstock wait`, so that a pipeline can branch on them. */
const WAIT_EXIT = { reached: 0, failed: 1, endedOtherwise: 3, timedOut: 4 } as const;

/** `penstock wait ROLLOUT --for promoted|completed|rolled-back|paused --timeout T`. */
export function waitCommand(reach: Reach): Command {
  const command = new Command('wait')
    .description(
      'wait until a rollout is over; exits 0 when it ended as asked, 3 when otherwise, 4 on the timeout',
    )
    .argument('<rollout>', 'NAME, or NAMESPACE/NAME', readObjectName)
    .addOption(
      new Option('--for <goal>', 'what to wait for').choices(Object.keys(GOALS)).default('completed'),
    )
    .option(
      '--candidate <version>',
      'the version that is waited for: an older rollout of the same name is not taken for it',
    )
    .addOption(
      new Option('--timeout <duration>', 'how long at most, such as 30m')
        .argParser(readTimeout)
        .default(3_600_000, '1h'),
    )
    .addOption(outputOption('none', 'print the rollout at the end'));
  return reach
    .addOptions(command)
    .action((rollout: string, options: WaitOptions) =>
      withControlPlane(reach, { ...options }, (reached) => wait(reached, rollout, options)),
    );
}

async function wait(reached: Reached, rollout: string, options: WaitOptions): Promise<void> {
  const { status, code } = await waitFor(reached, rollout, {
    goal: GOALS[options.for],
    candidate: options.candidate,
    timeoutMs: options.timeout,
  });
  if (status !== undefined && options.output !== 'none')
    process.stdout.write(formatData(status, options.output));
  if (code !== WAIT_EXIT.reached) {
    const where = status === undefined ? 'never seen' : `${status.phase}: ${status.message}`;
    const how = code === WAIT_EXIT.timedOut ? 'timed out' : 'ended otherwise';
    process.stderr.write(`${rollout}: ${how}; ${where}\n`);
  }
  process.exitCode = code;
}

interface WaitOptions {
  readonly for: keyof typeof GOALS;
  readonly candidate?: string;
  readonly timeout: number;
  readonly output: 'none' | DataFormat;
}

interface Wish {
  readonly goal: readonly RolloutPhase[];
  readonly candidate: string | undefined;
  readonly timeoutMs: number;
}

async function waitFor(
  reached: Reached,
  rollout: string,
  wish: Wish,
): Promise<{ status: RolloutStatus | undefined; code: number }> {
  const startedAt = Date.now();
  let told = '';
  let status: RolloutStatus | undefined;
  let failure: AdminError | undefined;
  while (Date.now() - startedAt < wish.timeoutMs) {
    try {
      const found = await findRollout(reached, rollout);
      failure = undefined;
      const line = describe(rollout, found, wish);
      if (line !== told) process.stderr.write(`${line}\n`);
      told = line;
      if (status !== undefined || isWished(found, wish)) {
        const code = judge(found, status?.candidate ?? found.candidate, wish.goal);
        status = found;
        if (code !== undefined) return { status, code };
      }
    } catch (error) {
      // A control plane that restarts in the middle is waited for, like the rollout itself.
      if (!(error instanceof AdminError)) throw error;
      const appears = error.status === 404 && status === undefined && Date.now() - startedAt < APPEARS_MS;
      if (error.status !== undefined && !appears) throw error;
      failure = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  if (status === undefined && failure) throw failure;
  return { status, code: WAIT_EXIT.timedOut };
}

function isWished(found: RolloutStatus, { candidate }: Wish): boolean {
  return candidate === undefined || found.candidate === candidate;
}

/** The exit code; undefined while it goes on. Another candidate than the one that was followed is its end. */
function judge(found: RolloutStatus, followed: string, goal: Wish['goal']): number | undefined {
  if (found.candidate !== followed) return WAIT_EXIT.endedOtherwise;
  if (goal.includes(found.phase)) return WAIT_EXIT.reached;
  return ENDS.includes(found.phase) ? WAIT_EXIT.endedOtherwise : undefined;
}

function describe(rollout: string, found: RolloutStatus, wish: Wish): string {
  if (!isWished(found, wish)) return `${rollout}: rolls out ${found.candidate}, not ${wish.candidate}`;
  return `${rollout}: ${found.phase} at ${formatWeight(found.weight)}: ${found.message}`;
}

async function findRollout(reached: Reached, rollout: string): Promise<RolloutStatus> {
  const { namespace, name } = resolveName(rollout, reached.namespace);
  const rollouts = await reached.client.fetch<readonly RolloutStatus[]>('rollouts');
  const found = rollouts.find((each) => each.namespace === namespace && each.name === name);
  if (found === undefined)
    throw new AdminError(`${rollout}: no such rollout; \`penstock get rollouts\` lists them`, 404);
  return found;
}

function readTimeout(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === undefined) throw new InvalidArgumentError('give a duration such as 90s, 30m or 2h.');
  return parsed;
}
