import type { ServiceIr } from '../ir/ir.ts';
import { istioCluster } from '../translate/istio/istio-names.ts';
import type { LoadReport } from './load-report.ts';

/** Fewer may have been on their way before the weights changed, or be what the least of weights lets through. */
const FEW_CALLS = 3;

/** A call to one of these means that a sidecar does not do what it was told: they have no traffic of any kind. */
export function idleVersions({ versions, routing }: ServiceIr): readonly string[] {
  const { weights, slices, mirror, breaker, retries } = routing;
  // A retry may go to any version then.
  if (retries?.rescue === true) return [];
  const shared = [weights, ...slices.map((slice) => slice.weights)].flat();
  return versions
    .filter(
      ({ name, cluster }) =>
        mirror?.version !== name &&
        !(breaker?.fallback.kind === 'cluster' && breaker.fallback.cluster === cluster) &&
        shared.every(({ version, weight }) => version !== name || weight === 0),
    )
    .map(({ name }) => name);
}

/**
 * Which idle version a sidecar calls all the same: an anchor that lacks the versions which have the traffic can send
 * its calls to the others only.
 *
 * @returns its name, `undefined` for none; `'unknown'`: the sidecar made no call that would tell
 */
export function calledThoughIdle(
  service: ServiceIr,
  idle: readonly string[],
  report: LoadReport,
): { readonly version: string | undefined } | 'unknown' {
  const calls = new Map(
    report.clusters.map(({ cluster, endpoints }) => [
      cluster,
      endpoints.reduce((sum, { issued }) => sum + issued, 0),
    ]),
  );
  const of = service.versions.map(({ name }) => ({
    name,
    count: calls.get(istioCluster(service, name)) ?? 0,
  }));
  if (of.every(({ count }) => count === 0)) return 'unknown';
  return { version: of.find(({ name, count }) => idle.includes(name) && count > FEW_CALLS)?.name };
}
