import { pino } from 'pino';
import { createCommand } from '../../src/model-server/options.ts';
import { Problem } from '../../src/model-server/protocol/problem.ts';
import { serveModels } from '../../src/model-server/serve.ts';

const USAGE_MISTAKE = 2;

const command = createCommand('0.1.0', async (settings) => {
  const log = pino({ level: settings.logLevel, base: null });
  const server = await serveModels(settings, log);
  const { grpcPort, httpPort } = server;
  log.info({ grpcPort, httpPort, pid: process.pid }, 'ready');
  let closing = false;
  const drain = async (signal: NodeJS.Signals) => {
    if (closing) return;
    closing = true;
    log.info({ signal }, 'draining');
    await server.close();
    log.info('drained');
    process.exit(0);
  };
  process.on('SIGTERM', drain);
  process.on('SIGINT', drain);
});

command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_MISTAKE));
try {
  await command.parseAsync();
} catch (thrown) {
  if (!(thrown instanceof Problem)) throw thrown;
  process.stderr.write(`model-server: ${thrown.message}\n`);
  process.exit(thrown.code === 'NOT_FOUND' ? USAGE_MISTAKE : 1);
}
