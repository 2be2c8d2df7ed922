/**
 * Which answers are failures of the server. The line is the one that Envoy draws itself (it maps these
 * statuses to 5xx), so that load reports, outlier detection and Prometheus count alike; see
 * docs/decisions/2026-11-21-what-a-failure-is.md.
 */
const FAILED_GRPC_STATUSES: ReadonlyMap<number, string> = new Map([
  [2, 'UNKNOWN'],
  [4, 'DEADLINE_EXCEEDED'],
  [12, 'UNIMPLEMENTED'],
  [13, 'INTERNAL'],
  [14, 'UNAVAILABLE'],
  [15, 'DATA_LOSS'],
]);

const FAILED_GRPC_NAMES: ReadonlySet<string> = new Set(FAILED_GRPC_STATUSES.values());

/** Whether a gRPC status (0 … 16) is the server's fault. A status that gRPC does not define is UNKNOWN. */
export function isFailedGrpcStatus(status: number): boolean {
  return FAILED_GRPC_STATUSES.has(status) || !(Number.isInteger(status) && status >= 0 && status <= 16);
}

/** Whether an HTTP status (100 … 599) is the server's fault. */
function isFailedHttpStatus(status: number): boolean {
  return status >= 500;
}

/** The same for a `code` label: a gRPC status by number or name (`INTERNAL`, `Internal`), or an HTTP status. */
export function isFailedCode(code: string): boolean {
  if (/^\d+$/.test(code)) {
    const status = Number(code);
    return status < 100 ? isFailedGrpcStatus(status) : isFailedHttpStatus(status);
  }
  const name = code.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
  return FAILED_GRPC_NAMES.has(name);
}
