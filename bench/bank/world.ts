import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Penstock } from '../../e2e/rollout/penstock.ts';
import { Caller } from '../../e2e/translate/caller.ts';
import { freePort, until } from '../../e2e/translate/mesh.ts';
import { findTool } from '../../src/app/toolchain.ts';
import { bootstrap } from '../../src/core/translate/bootstrap.ts';
import { startChild } from '../../src/demo/child.ts';
import { startPrometheus } from '../../src/signals/prometheus/prometheus-fixture.ts';
import { type Model, startModel } from './model.ts';
import { bankSpecs } from './specs.ts';

/** Where clients find the service. */
export const HOST = 'scoring.default.svc.cluster.local';

/** The bank on this machine: two versions, the client's real Envoy, a real Prometheus, `penstock serve`. */
export interface World extends AsyncDisposable {
  readonly candidate: Model;
  readonly penstock: Penstock;
  readonly caller: Caller;
}

export async function startWorld(hourMs: number, seed: number): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.adopt(mkdtempSync(join(tmpdir(), 'penstock-bank-')), (path) =>
    rmSync(path, { recursive: true, force: true }),
  );
  const start = async (version: string, offset: number) =>
    stack.adopt(await startModel(version, seed + offset, folder), (model) => model.stop());
  const [stable, candidate] = [await start('v1', 1), await start('v2', 2)];
  const [port, adminPort] = [await freePort(), await freePort()];
  const prometheus = stack.adopt(
    await startPrometheus({
      executable: findTool('prometheus').path,
      targets: [`127.0.0.1:${adminPort}`, stable.metrics, candidate.metrics],
      metricsPath: '/stats/prometheus',
      scrapeInterval: '1s',
    }),
    (process) => process.stop(),
  );
  const penstock = stack.adopt(
    await Penstock.start(
      bankSpecs(hourMs, [stable.port, candidate.port]),
      '--prometheus',
      `http://${prometheus.address}`,
    ),
    (process) => process.stop(),
  );
  const config = bootstrap({
    nodeId: 'client',
    node: { kind: 'outbound', address: '127.0.0.1', port },
    xds: { host: '127.0.0.1', port: penstock.xdsPort },
    adminAddress: '127.0.0.1',
    adminPort,
    loadReports: true,
  });
  const file = join(folder, 'envoy.json');
  writeFileSync(file, JSON.stringify(config));
  const args = ['-c', file, '--use-dynamic-base-id', '--concurrency', '1', '-l', 'error'];
  stack.adopt(
    startChild({ name: 'envoy', command: findTool('envoy').path, args, logFile: join(folder, 'envoy.log') }),
    (envoy) => envoy.stop(),
  );
  await until('the sidecar leads to the models', () => isAnswered(port));
  const caller = stack.adopt(new Caller(port), (each) => each.close());
  const owned = stack.move();
  return { candidate, penstock, caller, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A listener that is listed may still wait for its routes: only an answer tells. */
async function isAnswered(port: number): Promise<boolean> {
  const caller = new Caller(port);
  const { status } = await caller.call(HOST, {}, 500);
  caller.close();
  return status === 0;
}
