import { create, toJson } from '@bufbuild/protobuf';
import { ConfigSourceSchema } from '../../../gen/envoy/config/core/v3/core_pb.js';
import { xdsCluster, xdsService } from '../bootstrap.ts';
import { RUNTIME_LAYER } from '../names.ts';
import { penstockSource, type Transport } from './config-source.ts';
import { ISTIO_LAYER } from './istio-names.ts';
import { type IstioObject, OWNER, OWNER_LABEL } from './istio-object.ts';

/** The ConfigMap, and the value of the annotation that has a pod take it. */
export const BOOTSTRAP_NAME = 'penstock-bootstrap';
/** The annotation of a pod that names the ConfigMap, which is read when the pod starts. */
export const BOOTSTRAP_ANNOTATION = 'sidecar.istio.io/bootstrapOverride';
/** The file that Istio's injector looks for in it. */
const FILE = 'custom_bootstrap.json';

/** What is merged into the bootstrap of Istio's sidecars: the layer of the runtime, and where it comes from. */
function bootstrapOverride(transport: Transport): object {
  const source = create(ConfigSourceSchema, penstockSource(transport));
  const layer = {
    name: RUNTIME_LAYER,
    rtds_layer: {
      name: ISTIO_LAYER,
      rtds_config: toJson(ConfigSourceSchema, source, { useProtoFieldName: true }),
    },
  };
  const override = { layered_runtime: { layers: [layer] } };
  if (transport.kind === 'istio') return override;
  const { host, port } = transport;
  return {
    static_resources: { clusters: [xdsCluster({ xds: { host, port } })] },
    // Load reports need a cluster that the bootstrap knows.
    cluster_manager: {
      load_stats_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [xdsService()],
      },
    },
    ...override,
  };
}

/** The same as a ConfigMap; ConfigMaps are found in the namespace of the pod. */
export function bootstrapConfigMap(namespace: string, transport: Transport): IstioObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: BOOTSTRAP_NAME, namespace, labels: { [OWNER_LABEL]: OWNER } },
    data: { [FILE]: `${JSON.stringify(bootstrapOverride(transport), undefined, 2)}\n` },
  };
}
