import { Command, InvalidArgumentError, Option } from 'commander';
import type { DemoOptions } from './run-demo.ts';

/** `penstock demo`: the whole thing on this machine, told as it happens. */
export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'run the whole thing on this machine: models, Envoys, Prometheus, load, and a story with figures',
    )
    .option('--report <file>', 'write the measured figures as JSON')
    .option(
      '--only <act>',
      'play only this act (repeatable); promotion comes first where another needs it',
      collect,
    )
    .addOption(
      new Option('--signals <source>', 'what errors are read from')
        .choices(['load-reports', 'prometheus'])
        .default('load-reports'),
    )
    .option('--scrape-interval <duration>', 'of Prometheus (default: 1s, or 5s with --signals prometheus)')
    .option('--rate <calls>', 'calls per second of all users together', readRate, 100)
    .option('--keep', 'keep the folder with configuration, state and logs')
    .option(
      '--no-stay',
      'end after the story on a terminal too, rather than staying for a look at the dashboard',
    )
    .action(async (options: DemoOptions) => {
      // What no other command needs is not loaded for them.
      const { runDemo } = await import('./run-demo.ts');
      await runDemo(options);
    });
}

function collect(name: string, before: readonly string[] = []): readonly string[] {
  return [...before, name];
}

function readRate(text: string): number {
  const rate = Number(text);
  if (!(rate >= 20 && rate <= 1000)) throw new InvalidArgumentError('give calls per second from 20 to 1000.');
  return rate;
}
