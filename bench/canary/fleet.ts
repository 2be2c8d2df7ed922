import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Load, startLoad } from '../../e2e/protection/load.ts';
import { Penstock } from '../../e2e/rollout/penstock.ts';
import { Caller } from '../../e2e/translate/caller.ts';
import { freePort, until } from '../../e2e/translate/mesh.ts';
import { findTool } from '../../src/app/toolchain.ts';
import type { RolloutStatus } from '../../src/core/status/status.ts';
import { bootstrap } from '../../src/core/translate/bootstrap.ts';
import { startChild } from '../../src/demo/child.ts';
import { startPrometheus } from '../../src/signals/prometheus/prometheus-fixture.ts';
import { startVersions, type VersionBehaviour } from './versions.ts';

/** One of several services that share a client's sidecar and a control plane, each with a rollout of its own. */
export interface Canary {
  readonly name: string;
  readonly load: Load;
  status(): Promise<RolloutStatus>;
  /** Version 0 is stable, 1 the candidate. */
  behave(version: 0 | 1, behaviour: VersionBehaviour): Promise<void>;
}

export interface CanaryFleet extends AsyncDisposable {
  readonly canaries: readonly Canary[];
  readonly penstock: Penstock;
  readonly prometheusUrl: string;
  /** The fleet's services as YAML, with these rollouts. */
  specs(rollout: string): string;
}

/** As good as stable. */
export const GOOD: VersionBehaviour = { failureRate: 0.001, medianMs: 20 };

const ASK_EVERY_MS = 100;

export interface FleetSetup {
  readonly services: number;
  readonly ratePerSecond: number;
  readonly seed: number;
  /** `strategy`, `analysis` and the like of every rollout, as YAML flow. */
  readonly rollout: string;
  /** What the candidates do from their first moment; as good as stable where nothing is said. */
  readonly candidate?: VersionBehaviour;
  /** The sidecar pushes its latencies; else they are read from Prometheus. */
  readonly pushLatencies?: boolean;
}

/** `penstock serve`, a client's real Envoy, a real Prometheus that scrapes it, and callers at a steady rate. */
export async function startFleet({
  services,
  ratePerSecond,
  seed,
  rollout,
  candidate = GOOD,
  pushLatencies = false,
}: FleetSetup): Promise<CanaryFleet> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.adopt(mkdtempSync(join(tmpdir(), 'penstock-canary-')), (path) =>
    rmSync(path, { recursive: true, force: true }),
  );
  const names = Array.from({ length: services }, (_, i) => `s${i + 1}`);
  const versionNames = names.flatMap((name) => [`${name}-v1`, `${name}-v2`]);
  const versions = stack.adopt(await startVersions(versionNames, seed), (each) => each.stop());
  await Promise.all(versionNames.map((_, i) => versions.behave(i, i % 2 === 0 ? GOOD : candidate)));
  const [port, adminPort] = [await freePort(), await freePort()];
  const prometheus = stack.adopt(
    await startPrometheus({
      executable: findTool('prometheus').path,
      targets: [`127.0.0.1:${adminPort}`],
      metricsPath: '/stats/prometheus',
      scrapeInterval: '1s',
    }),
    (process) => process.stop(),
  );
  const specs = (given: string) =>
    names.map((name, i) => specsOf(name, versions.ports.slice(2 * i, 2 * i + 2), given)).join('---\n');
  const prometheusUrl = `http://${prometheus.address}`;
  const penstock = stack.adopt(
    await Penstock.start(specs(rollout), '--prometheus', prometheusUrl),
    (process) => process.stop(),
  );
  const file = join(folder, 'envoy.json');
  const xds = { host: '127.0.0.1', port: penstock.xdsPort };
  const node = { kind: 'outbound', address: '127.0.0.1', port } as const;
  const admin = { adminAddress: '127.0.0.1', adminPort };
  writeFileSync(
    file,
    JSON.stringify(bootstrap({ nodeId: 'client', node, xds, ...admin, loadReports: true, pushLatencies })),
  );
  const args = ['-c', file, '--use-dynamic-base-id', '--concurrency', '1', '-l', 'error'];
  stack.adopt(
    startChild({ name: 'envoy', command: findTool('envoy').path, args, logFile: join(folder, 'envoy.log') }),
    (envoy) => envoy.stop(),
  );
  await until('the sidecar leads to the models', async () => {
    const answered = await Promise.all(names.map((name) => isAnswered(port, name)));
    return answered.every(Boolean);
  });
  const statuses = stack.use(followRollouts(penstock));
  const canaries = names.map((name, i): Canary => {
    const caller = stack.adopt(new Caller(port), (each) => each.close());
    return {
      name,
      load: stack.adopt(startLoad(caller, hostOf(name), ratePerSecond), (load) => load.stop()),
      status: () => statuses.of(`${name}-v2`),
      behave: (version, behaviour) => versions.behave(2 * i + version, behaviour),
    };
  });
  const owned = stack.move();
  return { canaries, penstock, prometheusUrl, specs, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Asks for all rollouts at once, however many wait for theirs. */
function followRollouts(penstock: Penstock) {
  let latest = penstock.rollouts();
  const timer = setInterval(() => {
    latest = penstock.rollouts();
    latest.catch(() => {});
  }, ASK_EVERY_MS);
  return {
    async of(name: string): Promise<RolloutStatus> {
      const found = (await latest).find((each) => each.name === name);
      if (found === undefined) throw new Error(`there is no rollout ${name}`);
      return found;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function hostOf(service: string): string {
  return `${service}.default.svc.cluster.local`;
}

function specsOf(name: string, ports: readonly number[], rollout: string): string {
  const versions = ports.map(
    (port, i) => `{name: v${i + 1}, endpoints: {static: [{address: 127.0.0.1, port: ${port}}]}}`,
  );
  return `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: ${name}}
spec: {port: 9000, versions: [${versions.join(', ')}], stickiness: [{header: x-user-id}]}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: ${name}-v2}
spec: {targetRef: {kind: ModelService, name: ${name}}, stable: v1, candidate: v2, ${rollout}}
`;
}

/** A listener that is listed may still wait for its routes: only an answer tells. */
async function isAnswered(port: number, service: string): Promise<boolean> {
  const caller = new Caller(port);
  const { status } = await caller.call(hostOf(service), {}, 500);
  caller.close();
  return status === 0;
}
