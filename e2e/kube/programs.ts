import { accessSync, constants, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheRoot } from '../../src/app/toolchain.ts';

/** What an API server is made of, and the controllers; `make e2e-kube` builds them. */
export type KubernetesProgram = 'etcd' | 'kube-apiserver' | 'kubectl' | 'kube-controller-manager';

const PINS = join(import.meta.dirname, '../../tools/versions.env');

/** The version that is built, `1.36.4`. */
export function kubernetesVersion(): string {
  const [, version] = /^KUBERNETES_VERSION=(\S+)$/m.exec(readFileSync(PINS, 'utf8')) ?? [];
  if (version === undefined) throw new Error(`${PINS} pins no KUBERNETES_VERSION`);
  return version;
}

/**
 * Where a program of Kubernetes stands: in the folder that `PENSTOCK_KUBERNETES` names, else in the cache.
 * @throws when it is not there, saying what would help
 */
export function kubernetesProgram(name: KubernetesProgram): string {
  const named = process.env.PENSTOCK_KUBERNETES;
  const part = name === 'kube-controller-manager' ? 'kubernetes-controllers' : 'kubernetes';
  const folder =
    named === undefined ? join(cacheRoot(), `${part}-${kubernetesVersion()}`, 'bin') : resolve(named);
  const path = join(folder, name);
  try {
    accessSync(path, constants.X_OK);
  } catch (cause) {
    const remedy = `run tools/setup.sh ${part}, or set PENSTOCK_KUBERNETES to a folder that has it`;
    throw new Error(`${name} is not in ${folder}; ${remedy}`, { cause });
  }
  return path;
}
