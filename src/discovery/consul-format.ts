import type { FoundEndpoint } from './found-endpoint.ts';

/**
 * Reads the answer of `/v1/health/service/NAME`; undefined where it is none. An instance without a port is
 * left out: nobody can dial it.
 */
export function parseConsulInstances(body: unknown): readonly FoundEndpoint[] | undefined {
  if (!Array.isArray(body)) return undefined;
  return body.flatMap((entry: unknown): FoundEndpoint[] => {
    const node = objectAt(entry, 'Node');
    const service = objectAt(entry, 'Service');
    const port = service.Port;
    // An empty service address means the node's.
    const address = textOf(service.Address) || textOf(node.Address);
    if (address === '' || typeof port !== 'number' || port < 1 || port > 65_535) return [];
    return [{ address, port, weight: weightOf(service), zone: zoneOf(node, service), tier: 0 }];
  });
}

function weightOf(service: Readonly<Record<string, unknown>>): number {
  const { Passing: passing } = objectAt(service, 'Weights');
  return typeof passing === 'number' && passing >= 1 ? Math.min(10_000, Math.round(passing)) : 1;
}

/** By the metadata `zone` of the instance or its node; Consul's own locality where it has one. */
function zoneOf(node: Readonly<Record<string, unknown>>, service: Readonly<Record<string, unknown>>): string {
  return (
    textOf(objectAt(service, 'Meta').zone) ||
    textOf(objectAt(node, 'Meta').zone) ||
    textOf(objectAt(service, 'Locality').Zone) ||
    textOf(objectAt(node, 'Locality').Zone)
  );
}

function objectAt(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const inner = (value as Record<string, unknown> | null | undefined)?.[key];
  return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
