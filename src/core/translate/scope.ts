import { ScopedRouteConfigurationSchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import type { ServiceIr } from '../ir/ir.ts';
import { authoritiesOf } from './names.ts';
import { type NamedResource, resource } from './resource.ts';

/**
 * Leads from each authority of a service to its route configuration. A scope is named by its key, so that two
 * services that claim one authority cannot make Envoy refuse all scopes for a key that is there twice.
 */
export function scopes(service: ServiceIr): readonly NamedResource[] {
  return authoritiesOf(service).map((authority) =>
    resource(ScopedRouteConfigurationSchema, authority, {
      name: authority,
      routeConfigurationName: service.id,
      key: { fragments: [{ type: { case: 'stringKey', value: authority } }] },
    }),
  );
}
