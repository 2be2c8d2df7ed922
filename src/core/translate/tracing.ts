import type { MessageInitShape } from '@bufbuild/protobuf';
import { OpenTelemetryConfigSchema } from '../../gen/envoy/config/trace/v3/trace_pb.js';
import type { HttpConnectionManager_TracingSchema } from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import {
  ParentBasedSamplerConfigSchema,
  TraceIdRatioBasedSamplerConfigSchema,
} from '../../gen/envoy/extensions/tracers/opentelemetry/samplers/v3/samplers_pb.js';
import type { CustomTagSchema } from '../../gen/envoy/type/tracing/v3/custom_tag_pb.js';
import { METADATA_NAMESPACE, OTLP_CLUSTER } from './names.ts';
import { typedConfig } from './resource.ts';
import { durationOf, fraction } from './value.ts';

/** A collector that takes longer has lost the spans; no call ever waits for it. */
const EXPORT_TIMEOUT_MS = 1000;

/**
 * Spans of a listener's calls, with the service and version that answered, for the collector that the bootstrap
 * names. A caller's own trace is gone on with, as it decided whether it is sampled, and the model server behind gets
 * the span as its parent.
 * @param percent of the calls without a trace of their own; undefined: no traces
 * @param serviceName what the spans are of, in the collector's words
 */
export function tracing(
  percent: number | undefined,
  serviceName: string,
): { readonly tracing?: MessageInitShape<typeof HttpConnectionManager_TracingSchema> } {
  if (percent === undefined) return {};
  const provider = typedConfig(OpenTelemetryConfigSchema, {
    serviceName,
    httpService: {
      httpUri: {
        uri: `http://${OTLP_CLUSTER}/v1/traces`,
        httpUpstreamType: { case: 'cluster', value: OTLP_CLUSTER },
        timeout: durationOf(EXPORT_TIMEOUT_MS),
      },
    },
    sampler: sampler(percent),
  });
  return {
    tracing: {
      // The tracer's own sampler decides: Envoy's would not ask the caller.
      randomSampling: { value: 100 },
      customTags: [ofCluster('service'), ofCluster('version')],
      provider: {
        name: 'envoy.tracers.opentelemetry',
        configType: { case: 'typedConfig', value: provider },
      },
    },
  };
}

function sampler(percent: number) {
  const ratio = typedConfig(TraceIdRatioBasedSamplerConfigSchema, {
    samplingPercentage: fraction(Math.round(10_000 * percent) / 100),
  });
  const wrappedSampler = {
    name: 'envoy.tracers.opentelemetry.samplers.trace_id_ratio_based',
    typedConfig: ratio,
  };
  const typed = typedConfig(ParentBasedSamplerConfigSchema, { wrappedSampler });
  return { name: 'envoy.tracers.opentelemetry.samplers.parent_based', typedConfig: typed };
}

/** `penstock.service`, `penstock.version`: what the cluster that answered says of itself. */
function ofCluster(field: 'service' | 'version'): MessageInitShape<typeof CustomTagSchema> {
  return {
    tag: `${METADATA_NAMESPACE}.${field}`,
    type: {
      case: 'metadata',
      value: {
        kind: { kind: { case: 'cluster', value: {} } },
        metadataKey: { key: METADATA_NAMESPACE, path: [{ segment: { case: 'key', value: field } }] },
      },
    },
  };
}
