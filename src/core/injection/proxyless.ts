import { KEYS } from './pod.ts';
import type { InjectionSettings } from './settings.ts';

const VOLUME = 'penstock-grpc';
const DIRECTORY = '/etc/penstock/grpc';
const FILE = 'bootstrap.json';

export const GRPC_BOOTSTRAP_VARIABLE = 'GRPC_XDS_BOOTSTRAP';

/** The bootstrap of gRPC's own xDS clients (gRFC A27). */
export function grpcBootstrap(nodeId: string, { xds }: InjectionSettings): string {
  const host = xds.host.includes(':') ? `[${xds.host}]` : xds.host;
  return JSON.stringify({
    xds_servers: [
      {
        server_uri: `${host}:${xds.port}`,
        channel_creds: [{ type: 'insecure' }],
        server_features: ['xds_v3'],
      },
    ],
    node: { id: nodeId, cluster: 'penstock' },
  });
}

/** The annotation's text as a file: no ConfigMap a namespace, and nothing that could be out of step. */
export const GRPC_VOLUME = {
  name: VOLUME,
  downwardAPI: {
    items: [
      {
        path: FILE,
        fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${KEYS.grpcBootstrap}']` },
      },
    ],
  },
} as const;

export const GRPC_MOUNT = { name: VOLUME, mountPath: DIRECTORY, readOnly: true } as const;

export const GRPC_VARIABLE = { name: GRPC_BOOTSTRAP_VARIABLE, value: `${DIRECTORY}/${FILE}` } as const;
