import type { Labels } from './samples.ts';

/**
 * Which endpoint (`ADDRESS:PORT`) the target of a scrape belongs to: the one that its label `endpoint` or
 * `instance` names, else the only one on the same host. Undefined where that is not clear.
 */
export function endpointOf(labels: Labels, endpoints: readonly string[]): string | undefined {
  for (const label of [labels.endpoint, labels.instance]) {
    if (label !== undefined && endpoints.includes(label)) return label;
  }
  const host = hostOf(labels.instance ?? '');
  const [only, ...others] = endpoints.filter((endpoint) => hostOf(endpoint) === host);
  return others.length === 0 ? only : undefined;
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, '');
}
