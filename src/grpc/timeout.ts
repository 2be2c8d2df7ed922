const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Reads `grpc-timeout`, in ms; Infinity when there is none, or it is not one. Source: gRPC over HTTP/2. */
export function parseTimeoutMs(header: string | undefined): number {
  const [, amount, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(header ?? '') ?? [];
  return amount === undefined ? Number.POSITIVE_INFINITY : Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
}
