/** Everything that `penstock serve` can be told. Durations are ms. */
export interface ServeOptions {
  readonly file: readonly string[];
  readonly prometheus?: string;
  readonly prometheusTokenFile?: string;
  readonly prometheusCaFile?: string;
  readonly prometheusTimeout: number;
  readonly consul?: string;
  readonly state?: string;
  readonly auditRetention: number;
  readonly otlpEndpoint?: string;
  readonly xdsAddress: string;
  readonly xdsWorkers: number;
  readonly adminAddress: string;
  readonly fallbackCache?: string;
  readonly interval: number;
  readonly loadReportInterval: number;
  readonly logLevel: string;
}
