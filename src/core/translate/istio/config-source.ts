import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ApiConfigSource_ApiType,
  ApiVersion,
  type ConfigSourceSchema,
} from '../../../gen/envoy/config/core/v3/core_pb.js';
import { XDS_CLUSTER } from '../names.ts';
import { durationOf } from '../value.ts';

/** How Istio's sidecars reach Penstock. */
export interface Transport {
  /**
   * `static`: a cluster in the bootstrap, there before everything else; plain text. `istio`: the cluster that istiod
   * makes of Penstock's own Service, with the mesh's mTLS; known only after istiod was heard.
   */
  readonly kind: 'static' | 'istio';
  readonly host: string;
  readonly port: number;
}

/** Backoff after an outage: Envoy's own grows to 30 s. */
const BACKOFF_MS = { base: 250, max: 3000 };
/** In vain for longer than this a sidecar starts with the anchor's defaults. */
const INITIAL_FETCH_TIMEOUT_MS = 500;

/** The name of the cluster that a transport goes through. */
function transportCluster({ kind, host, port }: Transport): string {
  return kind === 'static' ? XDS_CLUSTER : `outbound|${port}||${host}`;
}

/**
 * Resources over a stream of their own to Penstock: the aggregated one is istiod's. Delta: for this protocol alone
 * Envoy takes a cluster that it does not know yet.
 */
export function penstockSource(transport: Transport): MessageInitShape<typeof ConfigSourceSchema> {
  return {
    resourceApiVersion: ApiVersion.V3,
    initialFetchTimeout: durationOf(INITIAL_FETCH_TIMEOUT_MS),
    configSourceSpecifier: {
      case: 'apiConfigSource',
      value: {
        apiType: ApiConfigSource_ApiType.DELTA_GRPC,
        transportApiVersion: ApiVersion.V3,
        setNodeOnFirstMessageOnly: true,
        grpcServices: [
          {
            targetSpecifier: {
              case: 'envoyGrpc',
              value: {
                clusterName: transportCluster(transport),
                // Else it is the cluster's name, whose bars HTTP/2 servers refuse in an authority.
                authority: `${transport.host}:${transport.port}`,
                retryPolicy: {
                  retryBackOff: {
                    baseInterval: durationOf(BACKOFF_MS.base),
                    maxInterval: durationOf(BACKOFF_MS.max),
                  },
                },
              },
            },
          },
        ],
      },
    },
  };
}
