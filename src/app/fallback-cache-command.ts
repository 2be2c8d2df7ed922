import { Command, InvalidArgumentError } from 'commander';
import { pino } from 'pino';
import { splitAddress } from './host-port.ts';
import { readAddress } from './option-values.ts';

const MEBIBYTE = 1024 * 1024;
const REPORT_EVERY_MS = 60_000;

interface Given {
  readonly address: string;
  readonly maxMebibytes: number;
}

/** `penstock fallback-cache`: the last answers to the same inputs, for policies with `fallback.cached`. */
export function fallbackCacheCommand(): Command {
  return new Command('fallback-cache')
    .description('keep the last answers of services, and give them while their breakers are open')
    .option('--address <host:port>', 'where sidecars reach it', readAddress, '127.0.0.1:18090')
    .option('--max-mebibytes <number>', 'most memory for answers, MiB', readMebibytes, 256)
    .addHelpText(
      'after',
      `
Sidecars tell it of the calls of services whose policy has breaker.fallback.cached, beside the call and without waiting.
While the breaker is open they lead callers to it. Whoever reaches its port can read and write answers: keep it where
only sidecars are.

Examples:
  penstock fallback-cache --address 10.0.0.7:18090
  penstock serve -f specs/ --fallback-cache 10.0.0.7:18090`,
    )
    .action(run);
}

async function run({ address, maxMebibytes }: Given): Promise<void> {
  // What no other command needs is not loaded for them.
  const { serveFallbackCache } = await import('../fallback-cache/serve.ts');
  const log = pino({ base: null }, pino.destination({ dest: 2, sync: true }));
  const { host, port } = splitAddress(address);
  const server = await serveFallbackCache({ host, port, maxBytes: maxMebibytes * MEBIBYTE, now: Date.now });
  log.info({ address: `${host}:${server.port}`, pid: process.pid }, 'serving');
  const report = setInterval(() => {
    const { entries, bytes } = server.store;
    log.info({ ...server.counts, entries, bytes }, 'answers');
  }, REPORT_EVERY_MS);
  await new Promise<void>((resolve) => process.once('SIGTERM', resolve).once('SIGINT', resolve));
  clearInterval(report);
  await server.close();
}

function readMebibytes(given: string): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1 || value > 65_536)
    throw new InvalidArgumentError('give a whole number of MiB, 1 to 65536.');
  return value;
}
