import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { pino } from 'pino';
import { createCommand } from '../../src/model-server/options/command.ts';
import { Problem } from '../../src/model-server/protocol/problem.ts';
import { encryptModel, NONCE_BYTES } from '../../src/model-server/repository/encryption.ts';
import { fetchKey } from '../../src/model-server/repository/keys.ts';
import { serveModels } from '../../src/model-server/serve.ts';

const USAGE_MISTAKE = 2;

const command = createCommand('0.1.0', {
  async serve(settings) {
    const log = pino({ level: settings.logLevel, base: null });
    const server = await serveModels(settings, log);
    const { grpcPort, httpPort } = server;
    log.info({ grpcPort, httpPort, pid: process.pid }, 'ready');
    let draining = false;
    const drain = async (signal: NodeJS.Signals) => {
      if (draining) return;
      draining = true;
      log.info({ signal }, 'draining');
      await server.close();
      log.info('drained');
      process.exit(0);
    };
    process.on('SIGTERM', drain);
    process.on('SIGINT', drain);
  },
  async encrypt(input, output, key) {
    const plaintext = await readFile(input).catch((error: Error) => {
      throw new Problem('NOT_FOUND', error.message);
    });
    await writeFile(output, encryptModel(plaintext, await fetchKey(key), randomBytes(NONCE_BYTES)));
  },
});

for (const each of [command, ...command.commands])
  each.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_MISTAKE));
try {
  await command.parseAsync();
} catch (thrown) {
  if (!(thrown instanceof Problem)) throw thrown;
  process.stderr.write(`model-server: ${thrown.message}\n`);
  process.exit(thrown.code === 'NOT_FOUND' ? USAGE_MISTAKE : 1);
}
