import type { IstioObject } from '../translate/istio/istio-object.ts';

const CLUSTER_DOMAIN = 'svc.cluster.local';
/** What EnvoyFilters change of routes. */
const ROUTE_PATCHES: ReadonlySet<string> = new Set(['HTTP_ROUTE', 'VIRTUAL_HOST', 'ROUTE_CONFIGURATION']);
/** Contexts in which a patch reaches the calls of sidecars. */
const OUTBOUND: ReadonlySet<string> = new Set(['ANY', 'SIDECAR_OUTBOUND']);

interface EnvoyPatch {
  readonly applyTo?: string;
  readonly match?: {
    readonly context?: string;
    readonly routeConfiguration?: { readonly vhost?: { readonly name?: string } };
    readonly cluster?: { readonly name?: string; readonly service?: string };
  };
}

/**
 * Whether an object says how sidecars call a host, or gateways on these ports, by the rules by which Istio reads it. What
 * leads a host from a gateway into the mesh is needed there, and claims nothing.
 */
export function claimsHost(
  object: IstioObject,
  host: string,
  port: number,
  gatewayPorts: readonly number[],
): boolean {
  const { namespace } = object.metadata;
  const spec = (object.spec ?? {}) as Record<string, unknown>;
  switch (object.kind) {
    case 'VirtualService':
      return reachesSidecars(spec) && strings(spec.hosts).some((name) => meansHost(name, namespace, host));
    case 'DestinationRule':
      return typeof spec.host === 'string' && meansHost(spec.host, namespace, host);
    case 'HTTPRoute':
    case 'GRPCRoute':
      return records(spec.parentRefs).some((parent) => isService(parent, namespace, host));
    case 'EnvoyFilter':
      return records(spec.configPatches).some((patch) =>
        patchesHost(patch as EnvoyPatch, host, port, gatewayPorts),
      );
    default:
      return false;
  }
}

/** One that names gateways and not `mesh` among them is theirs alone. */
function reachesSidecars({ gateways }: Record<string, unknown>): boolean {
  const named = strings(gateways);
  return named.length === 0 || named.includes('mesh');
}

/** A short name is one of the object's own namespace; `*.` stands for any beginning. */
function meansHost(name: string, namespace: string, host: string): boolean {
  if (name === '*') return true;
  if (name.startsWith('*.')) return host.endsWith(name.slice(1));
  if (name.includes('.')) return [name, `${name}.${CLUSTER_DOMAIN}`, `${name}.cluster.local`].includes(host);
  return `${name}.${namespace}.${CLUSTER_DOMAIN}` === host;
}

/** A route of the Gateway API whose parent is a Service is for the mesh. */
function isService(parent: Record<string, unknown>, namespace: string, host: string): boolean {
  if (parent.kind !== 'Service') return false;
  return `${String(parent.name)}.${String(parent.namespace ?? namespace)}.${CLUSTER_DOMAIN}` === host;
}

function patchesHost(
  { applyTo = '', match = {} }: EnvoyPatch,
  host: string,
  port: number,
  gatewayPorts: readonly number[],
): boolean {
  const context = match.context ?? 'ANY';
  const ports = [
    ...(OUTBOUND.has(context) ? [port] : []),
    ...(context === 'ANY' || context === 'GATEWAY' ? gatewayPorts : []),
  ];
  if (ports.length === 0) return false;
  if (applyTo === 'CLUSTER') {
    const { name, service } = match.cluster ?? {};
    return service === host || (name?.endsWith(`|${host}`) ?? false);
  }
  if (!ROUTE_PATCHES.has(applyTo)) return false;
  const vhost = match.routeConfiguration?.vhost?.name;
  return vhost === undefined || ports.some((each) => vhost === `${host}:${each}`);
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function records(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value)
    ? value.filter((each): each is Record<string, unknown> => typeof each === 'object' && each !== null)
    : [];
}
