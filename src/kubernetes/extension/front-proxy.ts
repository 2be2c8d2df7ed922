import type { ApiClient } from '../api-client.ts';
import type { FrontProxy } from './server.ts';

const PATH = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';

/**
 * How the API server proves that a request comes through it, as it publishes that itself.
 * @returns undefined where it has no aggregation layer
 */
export async function readFrontProxy(client: ApiClient): Promise<FrontProxy | undefined> {
  const { data } = await client.ask<{ readonly data?: Readonly<Record<string, string>> }>({
    method: 'GET',
    path: PATH,
  });
  const ca = data?.['requestheader-client-ca-file'];
  if (ca === undefined) return undefined;
  const names: unknown = JSON.parse(data?.['requestheader-allowed-names'] ?? '[]');
  const allowedNames = Array.isArray(names) ? names.filter((each) => typeof each === 'string') : [];
  return { ca, allowedNames };
}
