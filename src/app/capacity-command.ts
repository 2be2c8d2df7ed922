import { Command, InvalidArgumentError, Option } from 'commander';
import { capacityText } from '../cli/capacity-text.ts';
import { type DataFormat, formatData, outputOption } from '../cli/output.ts';
import { parseTime } from '../cli/time-argument.ts';
import { parseDuration } from '../core/api/duration.ts';
import type { CapacityOptions } from './capacity.ts';
import { readDuration } from './option-values.ts';

const WEEK_MS = parseDuration('168h') ?? 0;

/** `penstock capacity`: how many instances each service needs, by what was measured. */
export function capacityCommand(): Command {
  return new Command('capacity')
    .description('size services by what Prometheus recorded: ⌈peak rate × latency ÷ concurrency of one⌉')
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
        .argParser(readDuration('100ms'))
        .default(30_000, '30s'),
    )
    .addOption(
      new Option('--from <time>', 'since when: RFC 3339, seconds since the epoch, or now-2h')
        .argParser(readTime)
        .default(Date.now() - WEEK_MS, 'now-168h'),
    )
    .addOption(new Option('--to <time>', 'until when').argParser(readTime).default(Date.now(), 'now'))
    .addOption(
      new Option('--window <duration>', 'rates are averaged over this long; at least four scrapes')
        .argParser(readDuration('1s'))
        .default(60_000, '1m'),
    )
    .option(
      '--concurrency <n>',
      'requests that one instance works on at a time; unless given, the most that one did while answers were fast',
      readPositive,
    )
    .addOption(outputOption('table'))
    .addHelpText(
      'after',
      `
Examples:
  penstock capacity -f fraud.yaml --prometheus http://127.0.0.1:9090
  penstock capacity -f specs/ --prometheus http://127.0.0.1:9090 --from now-2h --window 30s --concurrency 8 -o json`,
    )
    .action(
      async (options: CapacityOptions & { readonly output: 'table' | DataFormat }, command: Command) => {
        const { from, to, window, output } = options;
        if (from + window > to)
          command.error('error: --to is not later than --from by at least one --window');
        // What no other command needs is not loaded for them.
        const { measureCapacity } = await import('./capacity.ts');
        const services = await measureCapacity(options);
        process.stdout.write(
          output === 'table'
            ? capacityText(services, process.stdout.columns)
            : formatData({ from, to, window, services }, output),
        );
      },
    );
}

function readTime(text: string): number {
  const at = parseTime(text, Date.now());
  if (at === undefined)
    throw new InvalidArgumentError('give 2026-11-21T14:00:00Z, seconds since the epoch, now or now-2h.');
  return at;
}

function readPositive(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError('give a number above 0, such as 8.');
  return value;
}
