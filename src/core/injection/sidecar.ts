import type { NodeDescriptor } from '../ir/node.ts';
import { bootstrap } from '../translate/bootstrap.ts';
import type { Asked } from './asked.ts';
import { SIDECAR_NAMES } from './pod.ts';
import type { InjectionSettings } from './settings.ts';

/** Ports of a sidecar beside those that it serves: Envoy's administration on loopback, and what is seen of it. */
const PORTS = {
  inbound: { admin: 15_000, status: 15_021 },
  outbound: { admin: 15_010, status: 15_022 },
} as const;

/** Replaced by the kubelet in the arguments of a container: a pod's name is not known when it is admitted. */
const POD = '$(POD_NAME).$(POD_NAMESPACE)';

/** The sidecars that a pod asks for: native ones, which start before its containers and end after them. */
export function sidecarsFor(asked: Asked, settings: InjectionSettings): readonly object[] {
  const { inbound, outbound, spans } = asked;
  const watched = {
    ...(asked.accessLog ? { accessLog: true } : {}),
    ...(spans && { traced: spans.traced }),
  };
  return [
    ...(inbound === undefined
      ? []
      : [
          sidecar(
            { kind: 'inbound', ...inbound, address: '0.0.0.0', ...watched },
            [
              { name: 'penstock', containerPort: inbound.port, protocol: 'TCP' },
              { name: 'penstock-stats', containerPort: PORTS.inbound.status, protocol: 'TCP' },
            ],
            settings,
            spans,
          ),
        ]),
    ...(outbound === undefined
      ? []
      : [
          sidecar(
            { kind: 'outbound', address: '127.0.0.1', port: outbound.port, ...watched },
            [{ name: 'penstock-ostats', containerPort: PORTS.outbound.status, protocol: 'TCP' }],
            settings,
            spans,
          ),
        ]),
  ];
}

function sidecar(
  node: NodeDescriptor & { readonly kind: 'inbound' | 'outbound' },
  ports: readonly object[],
  settings: InjectionSettings,
  spans: Asked['spans'],
): object {
  const { admin, status } = PORTS[node.kind];
  const config = bootstrap({
    nodeId: `${POD}.${node.kind}`,
    node,
    xds: settings.xds,
    adminAddress: '127.0.0.1',
    adminPort: admin,
    status: { address: '0.0.0.0', port: status },
    loadReports: true,
    ...(spans && { otlp: spans.otlp }),
  });
  const probe = (path: string) => ({ httpGet: { path, port: status, scheme: 'HTTP' } });
  return {
    name: SIDECAR_NAMES[node.kind],
    image: settings.image,
    imagePullPolicy: settings.imagePullPolicy,
    restartPolicy: 'Always',
    command: settings.command,
    args: [
      '--config-yaml',
      JSON.stringify(config),
      // It needs shared memory, and a name that two Envoys of a pod would share.
      '--disable-hot-restart',
      '--concurrency',
      String(settings.concurrency),
      '--log-level',
      settings.logLevel,
      '--service-zone',
      '$(PENSTOCK_ZONE)',
    ],
    env: [
      fromField('POD_NAME', 'metadata.name'),
      fromField('POD_NAMESPACE', 'metadata.namespace'),
      // Empty where the cluster does not copy the node's zone to its pods.
      fromField('PENSTOCK_ZONE', "metadata.labels['topology.kubernetes.io/zone']"),
    ],
    ports,
    // The pod's own containers wait for this one: their first call finds a sidecar that is ready.
    startupProbe: { ...probe('/ready'), periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: { ...probe('/ready'), periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 3 },
    livenessProbe: { ...probe('/live'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    resources: settings.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: settings.runAsUser,
      runAsGroup: settings.runAsUser,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function fromField(name: string, fieldPath: string): object {
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } };
}
