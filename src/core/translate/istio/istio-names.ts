import { createHash } from 'node:crypto';
import type { MatchIr, ServiceIr } from '../../ir/ir.ts';

/** The resource of the runtime layer that Istio's sidecars follow. Short: it is told with every change. */
export const ISTIO_LAYER = 'istio';
/** What stands before every key of ours in a sidecar's runtime. */
const KEY_PREFIX = 'penstock';

/** The host whose DestinationRule makes the clusters of a service's versions: the first that clients dial. */
export function primaryHost({ id, hosts }: Pick<ServiceIr, 'id' | 'hosts'>): string {
  const [host] = hosts;
  if (host === undefined) throw new Error(`${id}: no host`);
  return host;
}

/** `outbound|PORT|VERSION|HOST`: how istiod calls the cluster of a subset. */
export function istioCluster(service: Pick<ServiceIr, 'id' | 'hosts' | 'port'>, version: string): string {
  return `outbound|${service.port}|${version}|${primaryHost(service)}`;
}

/**
 * The prefix of the weights' keys of everybody who is in no slice, or of a slice. Envoy appends `.CLUSTER`, which tells
 * the service.
 */
export function weightKeyPrefix(slice: MatchIr | undefined): string {
  return slice === undefined ? KEY_PREFIX : `${KEY_PREFIX}.${sliceName(slice)}`;
}

/** The prefix of the other keys of a service; names of services and namespaces have no dots. */
function shareKeyPrefix({ id }: Pick<ServiceIr, 'id'>, slice: MatchIr | undefined): string {
  const prefix = `${KEY_PREFIX}.${id.replace('/', '.')}`;
  return slice === undefined ? prefix : `${prefix}.${sliceName(slice)}`;
}

/** The part of a share's requests that the breaker admits; of a slice that is not in use, none. */
export function admittedKey(service: Pick<ServiceIr, 'id'>, slice: MatchIr | undefined): string {
  return `${shareKeyPrefix(service, slice)}.admitted`;
}

/** Whether a slice is in use, for the requests that a breaker never refuses. */
export function bypassKey(service: Pick<ServiceIr, 'id'>, slice: MatchIr): string {
  return `${shareKeyPrefix(service, slice)}.bypass`;
}

/** The part of the requests that is copied to a version. */
export function mirrorKey(service: Pick<ServiceIr, 'id'>, version: string): string {
  return `${shareKeyPrefix(service, undefined)}.mirror.${version}`;
}

/** Envoy's own key for the bound of a cluster's requests under way. */
export function maxRequestsKey(cluster: string): string {
  return `circuit_breakers.${cluster}.default.max_requests`;
}

/** Named by what it matches, so that a slice has the same keys wherever it stands among others. */
function sliceName(match: MatchIr): string {
  const digest = createHash('sha256').update(JSON.stringify(match)).digest('hex');
  return `slice-${digest.slice(0, 8)}`;
}
