import type { ApiClient } from '../../src/kubernetes/api-client.ts';

const OF_INTEREST =
  /^(modelservices|modelrollouts|trafficpolicies|metrictemplates|endpointslices|pods|configmaps|leases|events)$/;

/** How many requests the API server has answered, by verb and resource, as it counts them itself. */
export async function requestsByVerb(client: ApiClient): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const line of (await client.text('/metrics')).split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const label = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(line)?.[1] ?? '';
    const [verb, resource, sub] = [label('verb'), label('resource'), label('subresource')];
    if (!OF_INTEREST.test(resource)) continue;
    const key = `${verb} ${resource}${sub === '' ? '' : `/${sub}`}`;
    counts.set(key, (counts.get(key) ?? 0) + Number(line.slice(line.lastIndexOf(' '))));
  }
  return counts;
}
