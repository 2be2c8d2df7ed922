import type { MessageInitShape } from '@bufbuild/protobuf';
import type { OutlierDetectionSchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.js';
import type { OutlierDetectionIr } from '../ir/ir.ts';
import { durationOf } from './value.ts';

/** An ejection lasts its base time times the number of them so far, up to this. */
const MAX_EJECTION_MS = 300_000;

/**
 * Passive ejection by consecutive errors (HTTP 5xx; gRPC 2, 4, 13, 14; failures to connect), and by the share of
 * failures in an interval where asked for, also in small pools.
 * Ejection by deviation from the pool's mean stays off: among few endpoints it is blind, among many it ejects
 * healthy ones.
 */
export function outlierDetection(ir: OutlierDetectionIr): MessageInitShape<typeof OutlierDetectionSchema> {
  return {
    consecutive5xx: ir.consecutiveErrors,
    enforcingConsecutive5xx: 100,
    enforcingSuccessRate: 0,
    interval: durationOf(ir.intervalMs),
    baseEjectionTime: durationOf(ir.ejectionTimeMs),
    maxEjectionTime: durationOf(Math.max(MAX_EJECTION_MS, ir.ejectionTimeMs)),
    maxEjectionPercent: ir.maxEjectionPercent,
    // A percentage of a small pool is less than one endpoint.
    alwaysEjectOneHost: true,
    // "Serving" is not "answers well": what calls ejected, a health check does not bring back early.
    successfulActiveHealthCheckUnejectHost: false,
    // By the response header `x-envoy-degraded`.
    detectDegradedHosts: true,
    ...failurePercentage(ir.failureRate),
  };
}

function failurePercentage(rate: OutlierDetectionIr['failureRate']) {
  if (rate === undefined) return {};
  return {
    failurePercentageThreshold: rate.thresholdPercent,
    enforcingFailurePercentage: 100,
    failurePercentageMinimumHosts: 1,
    failurePercentageRequestVolume: rate.minRequests,
  };
}
