import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HealthCheckSchema } from '../../gen/envoy/config/core/v3/core_pb.js';
import { CodecClientType } from '../../gen/envoy/type/v3/type_pb.js';
import type { HealthCheckIr, VersionIr } from '../ir/ir.ts';
import { durationOf } from './value.ts';

/** A port that serves gRPC understands HTTP/2 only. */
const CODECS: Readonly<Record<VersionIr['protocol'], CodecClientType>> = {
  grpc: CodecClientType.HTTP2,
  http: CodecClientType.HTTP1,
};

/** Sidecars do not check in step. */
const JITTER_PERCENT = 10;

/** Active health checks; versions without traffic are checked at the same pace, they may get some any moment. */
export function healthCheck(
  ir: HealthCheckIr,
  protocol: VersionIr['protocol'],
): MessageInitShape<typeof HealthCheckSchema> {
  return {
    timeout: durationOf(ir.timeoutMs),
    interval: durationOf(ir.intervalMs),
    intervalJitterPercent: JITTER_PERCENT,
    noTrafficInterval: durationOf(ir.intervalMs),
    unhealthyThreshold: ir.unhealthyThreshold,
    healthyThreshold: ir.healthyThreshold,
    healthChecker:
      ir.kind === 'grpc'
        ? { case: 'grpcHealthCheck', value: { serviceName: ir.target } }
        : { case: 'httpHealthCheck', value: { path: ir.target, codecClientType: CODECS[protocol] } },
  };
}
