import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../../src/app/toolchain.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { penstock } from '../penstock-process.ts';

/** An Envoy with the bootstrap that `penstock bootstrap` prints. */
export interface EnvoySidecar {
  admin(path: string): Promise<string>;
  isReady(): Promise<boolean>;
  /** A counter or gauge of Envoy's; 0 where there is none yet. */
  stat(name: string): Promise<number>;
  stop(): Promise<void>;
}

/** Starts it and waits for its administration, not until it has a configuration: it may never get one. */
export async function startSidecar(
  folder: string,
  name: string,
  ...args: readonly string[]
): Promise<EnvoySidecar> {
  const made = await penstock(['bootstrap', '-o', 'json', '--node-id', name, ...args]);
  if (made.code !== 0) throw new Error(made.stderr);
  const config = JSON.parse(made.stdout) as {
    admin: { address: { socket_address: { port_value: number } } };
  };
  config.admin.address.socket_address.port_value = 0;
  const file = join(folder, `${name}.json`);
  const adminFile = join(folder, `${name}.admin`);
  writeFileSync(file, JSON.stringify(config));
  const options = ['--use-dynamic-base-id', '--concurrency', '1', '-l', 'warn'];
  const child = spawn(findTool('envoy').path, ['-c', file, '--admin-address-path', adminFile, ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let log = '';
  child.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-20_000);
  });
  const address = await waitUntil('Envoy listens', () => {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}:\n${log}`);
    return readIfThere(adminFile);
  });
  const admin = async (path: string) => (await fetch(`http://${address}${path}`)).text();
  return {
    admin,
    isReady: async () => (await admin('/ready')).startsWith('LIVE'),
    stat: async (stat) => Number(/: (\d+)/.exec(await admin(`/stats?filter=^${stat}$`))?.[1] ?? 0),
    stop: async () => {
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(timer);
    },
  };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8') || undefined;
  } catch {
    return undefined;
  }
}
