import { create, createRegistry, toJson } from '@bufbuild/protobuf';
import { LocalRateLimitSchema } from '../../../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_ratelimit_pb.js';
import { HttpFilterSchema } from '../../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { WorkloadIr } from '../../ir/anchor.ts';
import { limitSlot } from '../http-filters.ts';
import { assignSlots } from '../limit-slots.ts';
import { limitSlotName } from '../names.ts';
import { penstockSource, type Transport } from './config-source.ts';
import { dottedName, envoyFilter, type IstioObject } from './istio-object.ts';

const registry = createRegistry(LocalRateLimitSchema);

const BEFORE_ROUTER = {
  filter: {
    name: 'envoy.filters.network.http_connection_manager',
    subFilter: { name: 'envoy.filters.http.router' },
  },
};

/**
 * The EnvoyFilter that gives the sidecars in front of a version a place for each limit of the service. What stands in
 * it comes from Penstock; until then, and where there is none, nothing is limited.
 *
 * @param limitSets names of limits that may be in force together; the places of all these cases are there
 */
export function limitsFilter(
  serviceId: string,
  workload: WorkloadIr,
  limitSets: readonly (readonly string[])[],
  transport: Transport,
): IstioObject {
  const { version, namespace, labels, port } = workload;
  const listener = {
    ...(port === undefined ? {} : { portNumber: port }),
    filterChain: BEFORE_ROUTER,
  };
  const configPatches = slotsOf(limitSets).map((slot) => ({
    applyTo: 'HTTP_FILTER',
    match: { context: 'SIDECAR_INBOUND', listener },
    patch: {
      operation: 'INSERT_BEFORE',
      value: filterJson(limitSlotName(serviceId, slot), transport),
    },
  }));
  const name = `penstock.${dottedName(serviceId)}.limits.${version}`;
  return envoyFilter(serviceId, namespace, name, { workloadSelector: { labels }, configPatches });
}

function slotsOf(limitSets: readonly (readonly string[])[]): readonly number[] {
  const slots = limitSets.flatMap((names) => [...assignSlots(names.map((name) => ({ name }))).keys()]);
  return [...new Set(slots)].sort((a, b) => a - b);
}

function filterJson(name: string, transport: Transport): object {
  const filter = create(HttpFilterSchema, limitSlot(name, penstockSource(transport)));
  return toJson(HttpFilterSchema, filter, { registry, useProtoFieldName: true }) as object;
}
