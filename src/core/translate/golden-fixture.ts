import { readdirSync, readFileSync } from 'node:fs';
import { createRegistry, type DescMessage, fromBinary, toJson } from '@bufbuild/protobuf';
import { parse, stringify } from 'yaml';
import { ClusterSchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.js';
import { TypedExtensionConfigSchema } from '../../gen/envoy/config/core/v3/core_pb.js';
import { ClusterLoadAssignmentSchema } from '../../gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../gen/envoy/config/listener/v3/listener_pb.js';
import {
  RouteConfigurationSchema,
  FilterConfigSchema as RouteFilterConfigSchema,
  ScopedRouteConfigurationSchema,
} from '../../gen/envoy/config/route/v3/route_pb.js';
import { StdoutAccessLogSchema } from '../../gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js';
import {
  ExternalProcessorSchema,
  ExtProcPerRouteSchema,
} from '../../gen/envoy/extensions/filters/http/ext_proc/v3/ext_proc_pb.js';
import { FilterConfigSchema } from '../../gen/envoy/extensions/filters/http/grpc_stats/v3/grpc_stats_pb.js';
import { LocalRateLimitSchema } from '../../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_ratelimit_pb.js';
import { RouterSchema } from '../../gen/envoy/extensions/filters/http/router/v3/router_pb.js';
import { TlsInspectorSchema } from '../../gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
import { HttpConnectionManagerSchema } from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { ClientSideWeightedRoundRobinSchema } from '../../gen/envoy/extensions/load_balancing_policies/client_side_weighted_round_robin/v3/client_side_weighted_round_robin_pb.js';
import { LeastRequestSchema } from '../../gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js';
import { MaglevSchema } from '../../gen/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.js';
import { RandomSchema } from '../../gen/envoy/extensions/load_balancing_policies/random/v3/random_pb.js';
import { RingHashSchema } from '../../gen/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.js';
import { RoundRobinSchema } from '../../gen/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.js';
import { WrrLocalitySchema } from '../../gen/envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality_pb.js';
import { PreviousHostsPredicateSchema } from '../../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { HttpProtocolOptionsSchema } from '../../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { RuntimeSchema } from '../../gen/envoy/service/runtime/v3/rtds_pb.js';
import { TYPE_URL, type TypeUrl } from '../delta/type-urls.ts';
import type { ServiceIr } from '../ir/ir.ts';
import type { NodeDescriptor } from '../ir/node.ts';
import { type ServiceSketch, serviceIr } from './ir-fixture.ts';
import type { NamedResource } from './resource.ts';
import { translateService } from './service.ts';
import { translateView } from './view.ts';

const FOLDER = new URL('testdata/', import.meta.url);

/** How a type is called in the names of the golden files, and what its resources are. */
const KINDS: Readonly<Partial<Record<TypeUrl, { readonly name: string; readonly schema: DescMessage }>>> = {
  [TYPE_URL.cds]: { name: 'clusters', schema: ClusterSchema },
  [TYPE_URL.eds]: { name: 'endpoints', schema: ClusterLoadAssignmentSchema },
  [TYPE_URL.lds]: { name: 'listeners', schema: ListenerSchema },
  [TYPE_URL.srds]: { name: 'scopes', schema: ScopedRouteConfigurationSchema },
  [TYPE_URL.rds]: { name: 'routes', schema: RouteConfigurationSchema },
  [TYPE_URL.ecds]: { name: 'limits', schema: TypedExtensionConfigSchema },
  [TYPE_URL.rtds]: { name: 'runtime', schema: RuntimeSchema },
};

/** Messages that stand inside an `Any`. */
const registry = createRegistry(
  HttpConnectionManagerSchema,
  HttpProtocolOptionsSchema,
  RouterSchema,
  FilterConfigSchema,
  LocalRateLimitSchema,
  RouteFilterConfigSchema,
  ExternalProcessorSchema,
  ExtProcPerRouteSchema,
  StdoutAccessLogSchema,
  PreviousHostsPredicateSchema,
  ClientSideWeightedRoundRobinSchema,
  LeastRequestSchema,
  MaglevSchema,
  RandomSchema,
  RingHashSchema,
  RoundRobinSchema,
  WrrLocalitySchema,
  TlsInspectorSchema,
  UpstreamTlsContextSchema,
  DownstreamTlsContextSchema,
);

/** One input: services and the nodes that are shown them. */
export interface GoldenCase {
  readonly name: string;
  readonly services: readonly ServiceIr[];
  readonly nodes: readonly NodeDescriptor[];
}

/** The inputs, in the order of their names. */
export function goldenCases(): readonly GoldenCase[] {
  return readdirSync(new URL('in/', FOLDER))
    .sort()
    .map((file) => {
      const given = parse(readFileSync(new URL(`in/${file}`, FOLDER), 'utf8')) as {
        readonly services: readonly ServiceSketch[];
        readonly nodes?: readonly NodeDescriptor[];
      };
      return {
        name: file.replace(/\.yaml$/, ''),
        services: given.services.map(serviceIr),
        nodes: given.nodes ?? [],
      };
    });
}

/** Everything that a case is translated to, each resource once. */
function goldenResources({ services, nodes }: GoldenCase): readonly NamedResource[] {
  const all = [
    ...services.flatMap(translateService),
    ...nodes.flatMap((node) => translateView(node, services).own),
  ];
  return [...new Map(all.map((each) => [`${each.typeUrl} ${each.name}`, each])).values()];
}

/** The golden files of a case: name and text. */
export function goldenFiles(given: GoldenCase): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [typeUrl, members] of Map.groupBy(goldenResources(given), (each) => each.typeUrl)) {
    files.set(`${given.name}.${kindOf(typeUrl).name}.yaml`, print(members.map(resourceJson)));
  }
  if (given.nodes.length > 0)
    files.set(`${given.name}.views.yaml`, print(given.nodes.map((node) => viewJson(given, node))));
  return files;
}

/** A resource in the form of Envoy's own configuration files. */
function resourceJson({ typeUrl, value }: NamedResource): object {
  const { schema } = kindOf(typeUrl);
  return toJson(schema, fromBinary(schema, value), { registry, useProtoFieldName: true }) as object;
}

function viewJson({ services }: GoldenCase, node: NodeDescriptor): object {
  const { contents } = translateView(node, services);
  return {
    node,
    wildcard: Object.fromEntries(
      Object.entries(contents).map(([typeUrl, names]) => [kindOf(typeUrl as TypeUrl).name, [...names]]),
    ),
  };
}

function kindOf(typeUrl: TypeUrl): { readonly name: string; readonly schema: DescMessage } {
  const kind = KINDS[typeUrl];
  if (kind === undefined) throw new Error(`no golden files of ${typeUrl}`);
  return kind;
}

function print(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}
