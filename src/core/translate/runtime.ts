import { RuntimeSchema } from '../../gen/envoy/service/runtime/v3/rtds_pb.js';
import { RUNTIME_LAYER } from './names.ts';
import { type NamedResource, resource } from './resource.ts';

/** The runtime layer of every sidecar. Empty, and served all the same: a layer without a resource blocks readiness. */
export const runtimeLayer: NamedResource = resource(RuntimeSchema, RUNTIME_LAYER, {
  name: RUNTIME_LAYER,
  layer: {},
});
