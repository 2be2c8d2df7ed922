import type { Finding } from '../api/problem.ts';
import { type Asked, readAsked, takesPart } from './asked.ts';
import { annotationsOf, type Container, KEYS, type Pod } from './pod.ts';
import {
  GRPC_BOOTSTRAP_VARIABLE,
  GRPC_MOUNT,
  GRPC_VARIABLE,
  GRPC_VOLUME,
  grpcBootstrap,
} from './proxyless.ts';
import type { InjectionSettings } from './settings.ts';
import { sidecarsFor } from './sidecar.ts';

/** One operation of a JSON patch (RFC 6902); injection only adds. */
export interface AddOperation {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

export interface InjectionRequest {
  readonly pod: Pod;
  readonly namespace: string;
  /** Whose label brought the pod here. */
  readonly selectedBy: 'pod' | 'namespace';
  /** Never the same for two pods. */
  readonly uid: string;
}

/**
 * What to add to a pod for what it asks for. What is there already stays as it is, so that a second call adds
 * nothing; a pod that asks for nothing, or whose label says no, gets an empty patch.
 * @returns the patch, or all that is wrong with what the pod asks for
 */
export function inject(
  { pod, namespace, selectedBy, uid }: InjectionRequest,
  settings: InjectionSettings,
): readonly AddOperation[] | { readonly findings: readonly Finding[] } {
  if (!takesPart(pod, selectedBy)) return [];
  const asked = readAsked(pod, namespace);
  if ('findings' in asked) return asked;
  const additions = [
    ...addSidecars(pod, sidecarsFor(asked, settings)),
    ...addProxyless(pod, asked.proxyless),
  ];
  if (additions.length === 0) return [];
  const bootstrap =
    asked.proxyless.length === 0 || annotationsOf(pod)[KEYS.grpcBootstrap] !== undefined
      ? {}
      : { [KEYS.grpcBootstrap]: grpcBootstrap(`${namespace}.${uid}.proxyless`, settings) };
  return [...addAnnotations(pod, { [KEYS.injected]: injectedText(asked), ...bootstrap }), ...additions];
}

function injectedText({ inbound, outbound, proxyless }: Asked): string {
  return [
    ...(inbound === undefined ? [] : [`inbound ${inbound.service}/${inbound.version}`]),
    ...(outbound === undefined ? [] : ['outbound']),
    ...(proxyless.length === 0 ? [] : [`proxyless ${proxyless.join(' ')}`]),
  ].join(', ');
}

function addAnnotations(pod: Pod, added: Readonly<Record<string, string>>): readonly AddOperation[] {
  const present = pod.metadata?.annotations;
  if (present === undefined || present === null) return [add(['metadata', 'annotations'], added)];
  return Object.entries(added).map(([key, value]) => add(['metadata', 'annotations', key], value));
}

/** In front of all others, so that other init containers can call through them. */
function addSidecars(pod: Pod, sidecars: readonly object[]): readonly AddOperation[] {
  const present = pod.spec?.initContainers;
  const names = new Set(present?.map(({ name }) => name));
  const missing = sidecars.filter((each) => !names.has(Reflect.get(each, 'name')));
  if (missing.length === 0) return [];
  if (present === undefined || present === null) return [add(['spec', 'initContainers'], missing)];
  return missing.toReversed().map((each) => add(['spec', 'initContainers', 0], each));
}

function addProxyless(pod: Pod, wanted: readonly string[]): readonly AddOperation[] {
  const operations = (pod.spec?.containers ?? []).flatMap((container, index) =>
    container.name !== undefined && wanted.includes(container.name) ? addVariable(container, index) : [],
  );
  if (operations.length === 0) return [];
  const volumes = pod.spec?.volumes;
  if (volumes?.some(({ name }) => name === GRPC_VOLUME.name)) return operations;
  return [...append(['spec', 'volumes'], volumes, GRPC_VOLUME), ...operations];
}

/** A container that has a bootstrap of its own keeps it. */
function addVariable(container: Container, index: number): readonly AddOperation[] {
  if (container.env?.some(({ name }) => name === GRPC_BOOTSTRAP_VARIABLE)) return [];
  const at = ['spec', 'containers', index] as const;
  return [
    ...append([...at, 'env'], container.env, GRPC_VARIABLE),
    ...append([...at, 'volumeMounts'], container.volumeMounts, GRPC_MOUNT),
  ];
}

function append(
  path: readonly (string | number)[],
  present: readonly unknown[] | null | undefined,
  value: unknown,
): readonly AddOperation[] {
  return [present === undefined || present === null ? add(path, [value]) : add([...path, '-'], value)];
}

function add(path: readonly (string | number)[], value: unknown): AddOperation {
  const pointer = path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return { op: 'add', path: pointer, value };
}
