import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RuntimeFractionalPercentSchema } from '../../gen/envoy/config/core/v3/core_pb.js';
import type { RouteAction_RequestMirrorPolicySchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import { type MatchIr, type ServiceIr, TOTAL_WEIGHT, type WeightIr } from '../ir/ir.ts';
import { bypassClusterName } from './names.ts';
import { fraction } from './value.ts';

export type FractionInit = MessageInitShape<typeof RuntimeFractionalPercentSchema>;
export type MirrorInit = MessageInitShape<typeof RouteAction_RequestMirrorPolicySchema>;

/** Requests that share a split of the weights. */
export interface Share {
  readonly name: string;
  readonly match: MatchIr;
  /** What makes the slice; undefined: everybody who is in none. */
  readonly slice: MatchIr | undefined;
  readonly weights: readonly WeightIr[];
  /** The breaker neither refuses nor counts them. */
  readonly bypasses?: boolean;
}

/** How routes tell what decisions change: by value, or by a key under which a sidecar looks the value up. */
export interface RouteTerms {
  /** @throws Error where the service has no such version */
  clusterOf(version: string): string;
  /** As `clusterOf`, for calls that bypass the breaker. */
  bypassClusterOf(version: string): string;
  /** The name of a cluster that the representation calls `NAMESPACE/SERVICE/VERSION`. */
  clusterNamed(cluster: string): string;
  /**
   * The part of a share's requests that its route takes; undefined: all.
   * @param admitted by the breaker, in hundredths of a percent; undefined where it has no say
   */
  taken(share: Share, admitted: number | undefined): FractionInit | undefined;
  /** The split of a share. @throws Error where the weights make none */
  split(share: Share): { readonly weights: readonly WeightIr[]; readonly runtimeKeyPrefix?: string };
  mirrors(): readonly MirrorInit[];
}

/** Everything by its value: a new decision is a new route. */
export function termsByValue(service: ServiceIr): RouteTerms {
  const clusterOf = (version: string) => clusterOfVersion(service, version);
  return {
    clusterOf,
    bypassClusterOf: (version) => bypassClusterName(clusterOf(version)),
    clusterNamed: (cluster) => cluster,
    taken: (_share, admitted) => (admitted === undefined ? undefined : { defaultValue: fraction(admitted) }),
    split({ weights }) {
      const total = weights.reduce((sum, { weight }) => sum + weight, 0);
      if (total !== TOTAL_WEIGHT)
        throw new Error(`${service.id}: weights sum to ${total}; ${TOTAL_WEIGHT} always`);
      return { weights };
    },
    mirrors() {
      const { mirror } = service.routing;
      if (mirror === undefined) return [];
      return [mirrorTo(clusterOf(mirror.version), { defaultValue: fraction(mirror.percent * 100) })];
    },
  };
}

/** A copy of the requests to a cluster. */
export function mirrorTo(cluster: string, runtimeFraction: FractionInit): MirrorInit {
  // The model server sees the authority that the caller dialled.
  return { cluster, runtimeFraction, disableShadowHostSuffixAppend: true };
}

function clusterOfVersion(service: ServiceIr, version: string): string {
  const found = service.versions.find(({ name }) => name === version);
  if (found === undefined) throw new Error(`${service.id}: no version ${version}`);
  return found.cluster;
}
