import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';

/** Where Penstock's HTTP API is in a cluster. */
export interface PenstockService {
  readonly namespace: string;
  readonly name: string;
  /** Name of the Service's port. */
  readonly port: string;
}

interface ServiceObject {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: { readonly ports?: readonly { readonly name?: string }[] };
}

/** What the chart gives its objects. */
const SELECTOR = 'app.kubernetes.io/name=penstock';
const ADMIN_PORT = 'http-admin';
const TOKEN_SECONDS = 600;
const FORBIDDEN = 403;

/**
 * Penstock's Service, by its label.
 * @param namespace where it is; all are searched unless given
 * @throws when there is none or more than one, saying what would help; ApiError
 */
export async function findPenstockService(
  api: ApiClient,
  namespace: string | undefined,
): Promise<PenstockService> {
  const where = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const { items } = await api
    .ask<{ readonly items: readonly ServiceObject[] }>({
      method: 'GET',
      path: `/api/v1${where}/services`,
      query: { labelSelector: SELECTOR },
    })
    .catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== FORBIDDEN || namespace !== undefined) throw error;
      throw new Error(`${error.message}; name the namespace with --penstock-namespace`);
    });
  const found = items.filter(({ spec }) => spec.ports?.some(({ name }) => name === ADMIN_PORT));
  const [first, ...others] = found;
  if (first === undefined)
    throw new Error(
      `no Service with the label ${SELECTOR} and a port ${ADMIN_PORT} in ${namespace ?? 'any namespace'}; is Penstock installed there?`,
    );
  if (others.length > 0) {
    const names = found.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ');
    throw new Error(`Penstock is installed more than once: ${names}; choose with --penstock-namespace`);
  }
  const { namespace: of, name } = first.metadata;
  return { namespace: of, name, port: ADMIN_PORT };
}

/**
 * A token of a service account, good for ten minutes.
 * @throws ApiError when there is no such account, or one may not have its tokens
 */
export async function requestToken(api: ApiClient, namespace: string, account: string): Promise<string> {
  const answer = await api.ask<{ readonly status: { readonly token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: TOKEN_SECONDS },
    },
  });
  return answer.status.token;
}

/** The path under which the API server leads to a path of the Service. */
export function proxiedPath({ namespace, name, port }: PenstockService, path: string): string {
  return `/api/v1/namespaces/${namespace}/services/http:${name}:${port}/proxy${path}`;
}
