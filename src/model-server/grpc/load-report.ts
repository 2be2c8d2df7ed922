import { create, toBinary } from '@bufbuild/protobuf';
import { OrcaLoadReportSchema } from '../../gen/xds/data/orca/v3/orca_load_report_pb.js';
import type { LoadReport } from '../telemetry/load.ts';

/** Trailing metadata by which load balancers learn how loaded an endpoint is (ORCA); its value is in Base64. */
export const LOAD_REPORT_HEADER = 'endpoint-load-metrics-bin';

/** How long a report may be repeated before it is made anew. */
const FRESH_FOR_MS = 100;

/** Gives the encoded load report to put into each answer. */
export function createLoadReports(read: () => LoadReport): () => string {
  let encoded = '';
  let madeMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    if (nowMs - madeMs >= FRESH_FOR_MS) {
      encoded = encodeLoadReport(read());
      madeMs = nowMs;
    }
    return encoded;
  };
}

function encodeLoadReport({ busy, cpu, memory, requestsPerSecond, queued }: LoadReport): string {
  const report = create(OrcaLoadReportSchema, {
    applicationUtilization: busy,
    cpuUtilization: cpu,
    memUtilization: memory,
    rpsFractional: requestsPerSecond,
    namedMetrics: { queue_depth: queued },
  });
  return Buffer.from(toBinary(OrcaLoadReportSchema, report)).toString('base64');
}
