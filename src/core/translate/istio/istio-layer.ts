import { RuntimeSchema } from '../../../gen/envoy/service/runtime/v3/rtds_pb.js';
import { type ServiceIr, TOTAL_WEIGHT } from '../../ir/ir.ts';
import { type NamedResource, resource } from '../resource.ts';
import {
  admittedKey,
  bypassKey,
  ISTIO_LAYER,
  istioCluster,
  maxRequestsKey,
  mirrorKey,
  weightKeyPrefix,
} from './istio-names.ts';
import { runtimeWeights } from './runtime-weights.ts';

/** A value of the runtime: a number, or a share of requests. */
export type RuntimeValue = number | { readonly numerator: number; readonly denominator: 'MILLION' };
export type RuntimeValues = Readonly<Record<string, RuntimeValue>>;

/** The runtime layer of every sidecar of Istio's: what was decided of all services, by key. */
export function istioLayer(values: Iterable<RuntimeValues>): NamedResource {
  const layer = Object.assign({}, ...values) as Record<string, number | Record<string, number | string>>;
  return resource(RuntimeSchema, ISTIO_LAYER, { name: ISTIO_LAYER, layer });
}

/**
 * What Istio's sidecars are told of a service. What the routes of the anchor say by themselves is left out: a
 * service with one version whose breaker is closed costs nothing.
 */
export function runtimeValues(service: ServiceIr): RuntimeValues {
  const { slices, weights, breaker, mirror } = service.routing;
  const values: Record<string, RuntimeValue> = {};
  const split = (of: typeof weights, prefix: string) => {
    for (const { version, weight } of runtimeWeights(of))
      values[`${prefix}.${istioCluster(service, version)}`] = weight;
  };
  if (service.versions.length > 1) split(weights, weightKeyPrefix(undefined));
  const admitted = breaker?.admitted ?? TOTAL_WEIGHT;
  if (admitted < TOTAL_WEIGHT) values[admittedKey(service, undefined)] = share(admitted);
  for (const { matches, weights: own } of slices) {
    for (const match of matches) {
      split(own, weightKeyPrefix(match));
      values[admittedKey(service, match)] = share(admitted);
      if (breaker !== undefined && breaker.bypass.length > 0)
        values[bypassKey(service, match)] = share(TOTAL_WEIGHT);
    }
  }
  if (mirror !== undefined) values[mirrorKey(service, mirror.version)] = share(mirror.percent * 100);
  for (const { name, maxRequests } of service.versions) {
    if (maxRequests !== undefined) values[maxRequestsKey(istioCluster(service, name))] = maxRequests;
  }
  return values;
}

/** In millionths, as everywhere: see `fraction`. */
function share(hundredthsOfPercent: number): RuntimeValue {
  return { numerator: hundredthsOfPercent * 100, denominator: 'MILLION' };
}
