import type { Logger } from 'pino';
import type { ServeOptions } from '../serve-options.ts';
import type { Replica } from './replica.ts';

/**
 * The replica that `serve --kubernetes` is; undefined without it.
 * @throws when no cluster can be found
 */
export async function openReplica(options: ServeOptions, log: Logger): Promise<Replica | undefined> {
  if (!options.kubernetes) return undefined;
  // The client of Kubernetes is large, and only this needs it.
  const [{ ApiClient }, { Replica: Opened }] = await Promise.all([
    import('../../kubernetes/api-client.ts'),
    import('./replica.ts'),
  ]);
  const client = ApiClient.open(options.kubeconfig);
  return new Opened({
    client,
    namespace: options.namespace,
    ownNamespace: options.ownNamespace ?? client.namespace ?? 'default',
    peerAddress: options.peerAddress,
    advertise: options.advertise,
    log,
  });
}
