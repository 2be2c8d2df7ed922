import { Option } from 'commander';
import { AdminClient, AdminError, type Send } from '../cli/admin-client.ts';
import { tokenOption } from '../cli/admin-option.ts';
import type { Reach } from '../cli/reach.ts';
import type { Role } from '../core/security/roles.ts';
import { ApiClient, type ApiRequest } from '../kubernetes/api-client.ts';
import {
  findPenstockService,
  type PenstockService,
  proxiedPath,
  requestToken,
} from '../kubernetes/penstock-service.ts';

interface KubectlOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly penstockNamespace?: string;
  readonly token?: string;
}

const UNAUTHENTICATED = 401;

/** The Penstock of a cluster, through its API server: whoever may use the proxy of the Service reaches it. */
export const reachByCluster: Reach = {
  addOptions(command) {
    const short = command.options.some((option) => option.short === '-n') ? '' : '-n, ';
    return command
      .addOption(new Option('--kubeconfig <file>', 'how to reach the cluster; as kubectl does unless given'))
      .addOption(new Option('--context <name>', 'of the kubeconfig; its current one unless given'))
      .addOption(
        new Option(
          `${short}--namespace <name>`,
          "of names that are given without one; the context's unless given",
        ),
      )
      .addOption(
        new Option(
          '--penstock-namespace <name>',
          'where Penstock is installed; found by its label unless given',
        ).env('PENSTOCK_NAMESPACE'),
      )
      .addOption(tokenOption());
  },

  async open(given, timeoutMs) {
    const options = given as KubectlOptions;
    try {
      const api = ApiClient.open(options.kubeconfig, options.context);
      const service = await findPenstockService(api, options.penstockNamespace);
      const client = new AdminClient(`http://${service.name}.${service.namespace}.svc`, {
        send: throughApiServer(api, service),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(options.token === undefined ? {} : { token: options.token }),
      });
      return {
        client,
        namespace: options.namespace ?? api.namespace ?? 'default',
        close: () => api.close(),
      };
    } catch (error) {
      throw asAdminError(error);
    }
  },
};

/**
 * Requests go through the API server's proxy of the Service. It keeps the header of credentials for itself, so that
 * Penstock's stand in one of their own. Where Penstock asks for one and none was given, a token of the service account
 * for this role is asked of the cluster: who may have it is then a matter of the cluster's own rights.
 */
function throughApiServer(api: ApiClient, service: PenstockService): Send {
  const tokens = new Map<Role, Promise<string>>();
  const tokenFor = (role: Role): Promise<string> => {
    const known = tokens.get(role) ?? requestToken(api, service.namespace, `${service.name}-${role}`);
    tokens.set(role, known);
    return known;
  };
  return async (url, init) => {
    const given = new Headers(init.headers);
    const token = given.get('authorization')?.replace(/^Bearer /, '');
    const ask = async (credential: string | undefined): Promise<Response> =>
      refusedByCluster(await api.relay(requestOf(service, url, init, credential)));
    try {
      const answer = await ask(token);
      if (answer.status !== UNAUTHENTICATED || token !== undefined) return answer;
      const role = roleFor(url, init);
      return await ask(
        await tokenFor(role).catch((error: unknown) => {
          const account = `${service.namespace}/${service.name}-${role}`;
          throw new AdminError(
            `Penstock asks who you are: no token of the service account ${account} (${messageOf(error)}); ` +
              'have one made and be allowed its tokens, or set PENSTOCK_TOKEN',
            UNAUTHENTICATED,
          );
        }),
      );
    } catch (error) {
      throw asAdminError(error);
    }
  };
}

function requestOf(
  service: PenstockService,
  url: URL,
  init: RequestInit,
  credential: string | undefined,
): ApiRequest {
  return {
    method: init.method === 'POST' ? 'POST' : 'GET',
    path: proxiedPath(service, url.pathname),
    query: Object.fromEntries(url.searchParams),
    ...(typeof init.body === 'string' ? { body: JSON.parse(init.body) } : {}),
    headers: credential === undefined ? {} : { 'x-penstock-token': credential },
    ...(init.signal ? { signal: init.signal } : {}),
  };
}

function roleFor({ pathname }: URL, { method }: RequestInit): Role {
  if (method !== 'POST') return 'viewer';
  return pathname.endsWith('/baseline') ? 'admin' : 'operator';
}

/** What the API server itself says no to is a `Status`; Penstock's own problems are none. */
async function refusedByCluster(answer: Response): Promise<Response> {
  if (answer.ok || !answer.headers.get('content-type')?.startsWith('application/json')) return answer;
  const status = (await answer.clone().json()) as { readonly kind?: string; readonly message?: string };
  if (status.kind !== 'Status') return answer;
  throw new AdminError(`the API server says: ${status.message ?? answer.status}`, answer.status);
}

function asAdminError(error: unknown): AdminError {
  return error instanceof AdminError ? error : new AdminError(messageOf(error), undefined, error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
