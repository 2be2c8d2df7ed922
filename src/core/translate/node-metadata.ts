import type { NodeDescriptor } from '../ir/node.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a node that is written by hand may leave out. */
const EVERY_ADDRESS = '0.0.0.0';
const LOOPBACK = '127.0.0.1';
const USUAL_OUTBOUND_PORT = 15_001;
/** What every sidecar of Istio's says in its metadata. */
const ISTIO_VERSION = 'ISTIO_VERSION';

/** `node.metadata` of a sidecar, for its bootstrap. */
export function nodeMetadata(node: NodeDescriptor): { readonly penstock: { readonly [key: string]: Json } } {
  return { penstock: { ...node } };
}

/**
 * Reads what a node says of itself. A node without `metadata.penstock` is a sidecar of Istio's where it says so, else
 * it is taken for a client that speaks xDS itself: gRPC's own clients need no metadata. `kind` may be left out: who names a service stands in front of it.
 *
 * @returns the descriptor, or one line saying what is wrong and what would be right
 */
export function parseNodeMetadata(metadata: Readonly<Record<string, unknown>>): NodeDescriptor | string {
  const given = metadata.penstock;
  if (given === undefined) {
    return typeof metadata[ISTIO_VERSION] === 'string' ? { kind: 'istio' } : { kind: 'proxyless' };
  }
  if (!isRecord(given))
    return 'node.metadata.penstock is no object; take the bootstrap from `penstock bootstrap`';
  switch (given.kind ?? (given.service === undefined ? 'outbound' : 'inbound')) {
    case 'inbound':
      return parseInbound(given);
    case 'outbound':
      return parseOutbound(given);
    case 'proxyless':
      return { kind: 'proxyless' };
    case 'istio':
      return { kind: 'istio' };
    default:
      return `node.metadata.penstock.kind is ${JSON.stringify(given.kind)}; inbound, outbound, istio or proxyless`;
  }
}

function parseInbound(given: Readonly<Record<string, unknown>>): NodeDescriptor | string {
  const { service: name, version, address = EVERY_ADDRESS, port, appPort } = given;
  if (typeof name !== 'string' || !/^([^/]+\/)?[^/]+$/.test(name))
    return wrong('service', name, 'NAMESPACE/NAME, or NAME in the namespace default');
  const service = name.includes('/') ? name : `default/${name}`;
  if (typeof version !== 'string' || version === '')
    return wrong('version', version, 'the name of a version');
  if (typeof address !== 'string' || address === '')
    return wrong('address', address, 'an IP address to listen on');
  if (!isPort(port)) return wrong('port', port, 'a port to listen on');
  if (!isPort(appPort)) return wrong('appPort', appPort, "the model server's port");
  const mtls = parseMtls(given.mtls);
  if (typeof mtls === 'string') return mtls;
  const watched = parseWatched(given);
  if (typeof watched === 'string') return watched;
  const node = { kind: 'inbound', service, version, address, port, appPort, ...watched } as const;
  return mtls === undefined ? node : { ...node, mtls };
}

function parseOutbound(given: Readonly<Record<string, unknown>>): NodeDescriptor | string {
  const { address = LOOPBACK, port = USUAL_OUTBOUND_PORT } = given;
  if (typeof address !== 'string' || address === '')
    return wrong('address', address, 'an IP address to listen on');
  if (!isPort(port)) return wrong('port', port, 'a port to listen on');
  const watched = parseWatched(given);
  return typeof watched === 'string' ? watched : { kind: 'outbound', address, port, ...watched };
}

function parseMtls(given: unknown): (NodeDescriptor & { kind: 'inbound' })['mtls'] | string {
  if (given === undefined) return undefined;
  const { mode, callers = [] } = isRecord(given) ? given : {};
  if (mode !== 'strict' && mode !== 'permissive') return wrong('mtls.mode', mode, 'strict or permissive');
  const isList = Array.isArray(callers) && callers.every((each): each is string => typeof each === 'string');
  return isList ? { mode, callers } : wrong('mtls.callers', callers, 'a list of SPIFFE IDs');
}

/** What it tells of its calls. */
function parseWatched({
  accessLog,
  traced,
}: Readonly<Record<string, unknown>>): { readonly accessLog?: true; readonly traced?: number } | string {
  const log = accessLog === true ? ({ accessLog } as const) : {};
  if (traced === undefined) return log;
  const isShare = typeof traced === 'number' && traced > 0 && traced <= 100;
  return isShare ? { ...log, traced } : wrong('traced', traced, 'a percentage above 0, at most 100');
}

function wrong(field: string, value: unknown, right: string): string {
  return `node.metadata.penstock.${field} is ${JSON.stringify(value) ?? 'missing'}; ${right}`;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
