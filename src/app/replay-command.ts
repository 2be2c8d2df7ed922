import { Command, InvalidArgumentError, Option } from 'commander';
import { type DataFormat, formatData, outputOption } from '../cli/output.ts';
import { REPLAY_LIMITS, replayText } from '../cli/replay-text.ts';
import { parseTime } from '../cli/time-argument.ts';
import { parseDuration } from '../core/api/duration.ts';
import type { ReplayOptions } from './replay.ts';

/** `penstock replay`: what the policy would have done on recorded metrics, and what it would have cost. */
export function replayCommand(): Command {
  return new Command('replay')
    .description(
      'replay rollouts on what Prometheus recorded: when which step or rollback, and what it would cost',
    )
    .requiredOption(
      '-f, --file <path>',
      'spec file or directory (repeatable)',
      (path: string, before: readonly string[] = []) => [...before, path],
    )
    .addOption(
      new Option('--prometheus <url>', 'Prometheus that recorded it')
        .env('PENSTOCK_PROMETHEUS_URL')
        .makeOptionMandatory(),
    )
    .option('--prometheus-token-file <path>', 'file with the bearer token for Prometheus')
    .option('--prometheus-ca-file <path>', 'PEM file of the authority to trust for Prometheus')
    .addOption(
      new Option('--prometheus-timeout <duration>', 'longest time for one query')
        .argParser(readSpan('100ms'))
        .default(30_000, '30s'),
    )
    .requiredOption(
      '--from <time>',
      'when the rollout begins: RFC 3339, seconds since the epoch, or now-2h',
      readTime,
    )
    .addOption(new Option('--to <time>', 'until when').argParser(readTime).default(Date.now(), 'now'))
    .addOption(
      new Option('--step <duration>', 'time between two looks')
        .argParser(readSpan('100ms'))
        .default(1000, '1s'),
    )
    .addOption(outputOption('text'))
    .addHelpText(
      'after',
      `
The rollout of each service is taken as begun at --from, and decided by the series that a live Penstock reads. Beside it
stand two rules of Flagger's kind and one of Argo Rollouts' kind with documented values, on the same data.

Examples:
  penstock replay -f fraud.yaml --prometheus http://127.0.0.1:9090 --from now-2h
  penstock replay -f fraud.yaml --prometheus http://127.0.0.1:9090 --from 2026-11-21T14:00:00Z --to 2026-11-21T15:00:00Z -o json`,
    )
    .action(async (options: ReplayOptions & { readonly output: 'text' | DataFormat }, command: Command) => {
      const { from, to, step } = options;
      if (from + step > to) command.error('error: --to is not later than --from by at least one --step');
      const progress = (line: string) => process.stderr.write(`${line}\n`);
      // What no other command needs is not loaded for them.
      const { replay } = await import('./replay.ts');
      const rollouts = await replay(options, progress);
      process.stdout.write(
        options.output === 'text'
          ? textOf(rollouts, { from, to, step })
          : formatData({ from, to, step, rollouts, limits: REPLAY_LIMITS }, options.output),
      );
    });
}

function textOf(
  rollouts: readonly Parameters<typeof replayText>[0][],
  range: Parameters<typeof replayText>[1],
): string {
  const tables = rollouts.map((each) => replayText(each, range, process.stdout.columns));
  return `${tables.join('\n')}\nWhat a replay cannot know:\n${REPLAY_LIMITS.map((each) => `- ${each}\n`).join('')}`;
}

function readTime(text: string): number {
  const at = parseTime(text, Date.now());
  if (at === undefined)
    throw new InvalidArgumentError('give 2026-11-21T14:00:00Z, seconds since the epoch, now or now-2h.');
  return at;
}

function readSpan(least: string): (text: string) => number {
  const leastMs = parseDuration(least) ?? 0;
  return (text) => {
    const given = parseDuration(text);
    if (given === undefined || given < leastMs)
      throw new InvalidArgumentError(`give a duration of at least ${least}, such as 1s.`);
    return given;
  };
}
