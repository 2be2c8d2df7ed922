/**
 * What a sidecar says of itself in `node.metadata.penstock`; it decides which resources it is shown.
 * Two nodes with equal descriptors share one view.
 */
export type NodeDescriptor =
  | {
      /** In front of a model server. */
      readonly kind: 'inbound';
      /** Node id; filled in where it connects. Limits that are its alone are named by it. */
      readonly id?: string;
      /** `NAMESPACE/NAME`. */
      readonly service: string;
      readonly version: string;
      /** Address and port of the listener. */
      readonly address: string;
      readonly port: number;
      /** Port of the model server on loopback. */
      readonly appPort: number;
      /** One JSON line a request on stdout; absent: none. */
      readonly accessLog?: boolean;
      /** Percent of the calls of which a span is sent to the collector that the bootstrap names; absent: none. */
      readonly traced?: number;
      /** Calls come over mutual TLS, or (permissive) may come in plaintext too; absent: in plaintext. */
      readonly mtls?: {
        readonly mode: 'strict' | 'permissive';
        /** Patterns of the identities that may call; none: every one of the mesh. */
        readonly callers: readonly string[];
      };
    }
  | {
      /** Beside clients. */
      readonly kind: 'outbound';
      readonly address: string;
      readonly port: number;
      readonly accessLog?: boolean;
      readonly traced?: number;
    }
  /** A client that speaks xDS itself (gRPC's `xds:///`); it asks for listeners by name. */
  | { readonly kind: 'proxyless' }
  /** A sidecar of Istio's: istiod tells it all but what is decided, which it asks for by name. */
  | { readonly kind: 'istio' };
