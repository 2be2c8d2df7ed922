import { ListenerSchema } from '../../gen/envoy/config/listener/v3/listener_pb.js';
import { HttpConnectionManagerSchema } from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { ServiceIr } from '../ir/ir.ts';
import { router } from './http-filters.ts';
import { authoritiesOf } from './names.ts';
import { type NamedResource, resource, typedConfig } from './resource.ts';
import { fromAds } from './value.ts';

/**
 * What gRPC's own xDS clients ask for when they dial `xds:///AUTHORITY` (gRFC A27). Given by name only: these
 * listeners belong to no wildcard subscription, Envoy takes no API listener by LDS.
 */
export function apiListeners(service: ServiceIr): readonly NamedResource[] {
  if (service.protocol !== 'grpc') return [];
  const manager = typedConfig(HttpConnectionManagerSchema, {
    routeSpecifier: { case: 'rds', value: { routeConfigName: service.id, configSource: fromAds() } },
    httpFilters: [router],
  });
  return authoritiesOf(service).map((authority) =>
    resource(ListenerSchema, authority, { name: authority, apiListener: { apiListener: manager } }),
  );
}
