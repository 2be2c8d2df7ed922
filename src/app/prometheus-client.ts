import { PrometheusClient } from '../signals/prometheus/client.ts';

/** How Prometheus is reached, as the commands that read it are told. */
export interface PrometheusClientOptions {
  readonly prometheusTokenFile?: string;
  readonly prometheusCaFile?: string;
  /** Of one query, ms. */
  readonly prometheusTimeout: number;
}

/** @throws {PrometheusError} the URL is none */
export function openPrometheus(url: string, options: PrometheusClientOptions): PrometheusClient {
  const { prometheusTokenFile, prometheusCaFile, prometheusTimeout } = options;
  return new PrometheusClient({
    url,
    timeoutMs: prometheusTimeout,
    ...(prometheusTokenFile === undefined
      ? {}
      : { credentials: { kind: 'bearer-file' as const, file: prometheusTokenFile } }),
    ...(prometheusCaFile === undefined ? {} : { tls: { caFile: prometheusCaFile } }),
  });
}
