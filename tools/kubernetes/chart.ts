import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot } from '../../src/app/toolchain.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The name and the namespace that the plain manifests, and the tests, install by. */
export const RELEASE = { name: 'penstock', namespace: 'penstock-system' } as const;

const NAMESPACE = `# What manifests/chart is rendered to; written by tools/generate-install.ts, edits are lost.
apiVersion: v1
kind: Namespace
metadata:
  name: ${RELEASE.namespace}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

/**
 * What Helm makes of the chart.
 * @param values as `--set` takes them
 * @throws when there is no Helm, saying what would help, or when the chart cannot be rendered
 */
export function renderChart(values: Readonly<Record<string, string>> = {}, withCrds = false): string {
  const settings = Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const args = [
    ...['template', RELEASE.name, join(ROOT, 'manifests/chart'), '--namespace', RELEASE.namespace],
    ...['--kube-version', pin('KUBERNETES_VERSION'), ...(withCrds ? ['--include-crds'] : []), ...settings],
  ];
  return execFileSync(helmProgram(), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Everything, for `kubectl apply --server-side -f`. */
export function plainManifests(): string {
  return `${NAMESPACE}${renderChart({}, true)}`;
}

function helmProgram(): string {
  const path = process.env.PENSTOCK_HELM ?? join(cacheRoot(), `helm-${pin('HELM_VERSION')}`, 'bin/helm');
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch (cause) {
    throw new Error(`there is no ${path}; run \`tools/setup.sh helm\`, or set PENSTOCK_HELM`, { cause });
  }
}

function pin(name: string): string {
  const pins = readFileSync(join(ROOT, 'tools/versions.env'), 'utf8');
  const [, value] = new RegExp(`^${name}=(\\S+)$`, 'm').exec(pins) ?? [];
  if (value === undefined) throw new Error(`tools/versions.env pins no ${name}`);
  return value;
}
