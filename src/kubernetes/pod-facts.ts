import type { V1EndpointSlice, V1Pod } from '@kubernetes/client-node';
import type { PodFacts, SliceFacts } from './pod-place.ts';
import type { ClusterObject } from './reflector.ts';

/** What is kept of a pod. */
export function slimPod({ metadata, spec, status }: V1Pod): ClusterObject & { readonly facts: PodFacts } {
  const ready = (status?.conditions ?? []).some((each) => each.type === 'Ready' && each.status === 'True');
  const ports = (spec?.containers ?? []).flatMap((container) =>
    (container.ports ?? []).flatMap((each) =>
      each.name === undefined ? [] : [[each.name, each.containerPort] as const],
    ),
  );
  return {
    metadata: slimMetadata(metadata),
    facts: {
      labels: metadata?.labels ?? {},
      address: status?.podIP ?? '',
      ready,
      terminating: metadata?.deletionTimestamp !== undefined,
      ports: Object.fromEntries(ports),
    },
  };
}

/** What is kept of an EndpointSlice. */
export function slimSlice({
  metadata,
  ports,
  endpoints,
}: V1EndpointSlice): ClusterObject & { readonly facts: SliceFacts } {
  return {
    metadata: slimMetadata(metadata),
    facts: {
      service: metadata?.labels?.['kubernetes.io/service-name'] ?? '',
      ports: Object.fromEntries(
        (ports ?? []).flatMap(({ name = '', port }) => (port === undefined ? [] : [[name, port]])),
      ),
      endpoints: (endpoints ?? []).map(({ addresses, conditions, zone, targetRef }) => ({
        addresses,
        // Not said is ready, as the API has it.
        ready: conditions?.ready ?? true,
        serving: conditions?.serving ?? conditions?.ready ?? true,
        terminating: conditions?.terminating ?? false,
        zone: zone ?? '',
        pod: targetRef?.kind === 'Pod' ? targetRef.name : undefined,
      })),
    },
  };
}

function slimMetadata(metadata: V1Pod['metadata']): ClusterObject['metadata'] {
  const { name = '', namespace, resourceVersion, uid } = metadata ?? {};
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(uid === undefined ? {} : { uid }),
  };
}
