import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTool } from '../../src/app/toolchain.ts';
import { connectModel, floats } from '../../src/model-server/client.ts';
import { until } from '../translate/mesh.ts';

const MAIN = fileURLToPath(new URL('../../cmd/penstock/main.ts', import.meta.url));

/** The sidecar of a client, as people start it: by the bootstrap that Penstock prints. */
export async function startClientEnvoy(ports: {
  readonly xds: number;
  readonly outbound: number;
  readonly admin: number;
}): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-client-'));
  const file = join(folder, 'client.yaml');
  const flags = ['--xds', `127.0.0.1:${ports.xds}`, '--port', `${ports.outbound}`];
  const args = [MAIN, 'bootstrap', ...flags, '--envoy-admin-port', `${ports.admin}`];
  writeFileSync(file, execFileSync(process.execPath, args));
  const envoyFlags = ['-c', file, '--use-dynamic-base-id', '--concurrency', '1', '-l', 'error'];
  const child = spawn(findTool('envoy').path, envoyFlags, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  await until('the sidecar is ready', async () => {
    const answer = await fetch(`http://127.0.0.1:${ports.admin}/ready`).catch(() => undefined);
    return answer?.ok === true;
  });
  return async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Calls a model through a sidecar, a few times a second. */
export function callOften(port: number, authority: string, model: string): () => void {
  const client = connectModel(`127.0.0.1:${port}`, { 'grpc.default_authority': authority });
  const image = floats('image', [1, 64], new Array<number>(64).fill(3));
  const timer = setInterval(() => {
    client.infer({ model, inputs: [image], timeoutMs: 5_000 }).catch(() => {});
  }, 20);
  return () => {
    clearInterval(timer);
    client.close();
  };
}

/** How many series an expression gives now, and what was wrong with it if it could not be asked. */
export async function seriesOf(prometheus: string, expr: string): Promise<number> {
  const url = new URL('/api/v1/query', `http://${prometheus}`);
  url.searchParams.set('query', expr);
  const answer = (await (await fetch(url)).json()) as {
    readonly status: string;
    readonly error?: string;
    readonly data?: { readonly result: readonly unknown[] };
  };
  if (answer.status !== 'success') throw new Error(`${expr}: ${answer.error}`);
  return answer.data?.result.length ?? 0;
}
