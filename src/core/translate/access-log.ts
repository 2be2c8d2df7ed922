import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AccessLogSchema } from '../../gen/envoy/config/accesslog/v3/accesslog_pb.js';
import { StdoutAccessLogSchema } from '../../gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js';
import { METADATA_NAMESPACE } from './names.ts';
import { typedConfig } from './resource.ts';

/** One JSON object a request; what has no value is left out. */
const FIELDS = {
  time: '%START_TIME%',
  service: `%METADATA(CLUSTER:${METADATA_NAMESPACE}:service)%`,
  version: `%METADATA(CLUSTER:${METADATA_NAMESPACE}:version)%`,
  fallback: '%RESP(X-PENSTOCK-FALLBACK)%',
  route: '%ROUTE_NAME%',
  authority: '%REQ(:AUTHORITY)%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(:PATH)%',
  requestId: '%REQ(X-REQUEST-ID)%',
  traceparent: '%REQ(TRACEPARENT)%',
  caller: '%DOWNSTREAM_REMOTE_ADDRESS%',
  endpoint: '%UPSTREAM_HOST%',
  httpStatus: '%RESPONSE_CODE%',
  grpcStatus: '%GRPC_STATUS%',
  flags: '%RESPONSE_FLAGS%',
  detail: '%RESPONSE_CODE_DETAILS%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  durationMs: '%DURATION%',
  bytesReceived: '%BYTES_RECEIVED%',
  bytesSent: '%BYTES_SENT%',
} as const;

/** The access log of a listener: JSON lines with the service and version that answered, on stdout. */
export function accessLogs(enabled: boolean | undefined): MessageInitShape<typeof AccessLogSchema>[] {
  if (!enabled) return [];
  const config = typedConfig(StdoutAccessLogSchema, {
    accessLogFormat: {
      case: 'logFormat',
      value: { format: { case: 'jsonFormat', value: FIELDS }, omitEmptyValues: true },
    },
  });
  return [{ name: 'envoy.access_loggers.stdout', configType: { case: 'typedConfig', value: config } }];
}
