import type { Logger } from 'pino';
import { splitAddress } from '../host-port.ts';
import type { ServeOptions } from '../serve-options.ts';
import type { AnchorMode } from './anchor-keeper.ts';
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
    anchors: anchorMode(options),
    log,
  });
}

function anchorMode(options: ServeOptions): AnchorMode | undefined {
  const { istio, istioTransport, istioXds, istioClientNamespace, istioGateway, namespace } = options;
  if (istio === undefined) return undefined;
  return {
    kind: istio,
    options: {
      transport: { kind: istioTransport, ...splitAddress(istioXds) },
      clientNamespaces: istioClientNamespace,
      gateways: istioGateway ?? [],
    },
    within: namespace,
    writesDecisions: options.istioWithoutRestart,
  };
}
