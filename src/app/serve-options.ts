import type { ExtensionOptions } from './extension-options.ts';
import type { IstioOptions } from './istio-options.ts';

/** Everything that `penstock serve` can be told. Durations are ms. */
export interface ServeOptions extends ExtensionOptions, IstioOptions {
  /** Empty with `kubernetes`. */
  readonly file: readonly string[];
  readonly kubernetes: boolean;
  readonly kubeconfig?: string;
  /** Of the objects; undefined: all. */
  readonly namespace?: string;
  /** Of the Lease and of the state; undefined: our own. */
  readonly ownNamespace?: string;
  /** `HOST:PORT` on which other replicas tell what they see. */
  readonly peerAddress: string;
  /** `HOST:PORT`, where they reach it; undefined: there. */
  readonly advertise?: string;
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
  readonly xdsTlsCert?: string;
  readonly xdsTlsKey?: string;
  readonly xdsClientCa?: string;
  readonly xdsPolicy?: string;
  readonly xdsAllowPlaintext: boolean;
  readonly meshCaCert?: string;
  readonly meshCaKey?: string;
  readonly meshCertificates?: string;
  readonly meshCertificateLifetime: number;
  readonly adminAddress: string;
  readonly fallbackCache?: string;
  readonly adminAuth?: string;
  readonly adminTlsCert?: string;
  readonly adminTlsKey?: string;
  readonly adminAllowAnonymous: boolean;
  readonly interval: number;
  readonly loadReportInterval: number;
  readonly logLevel: string;
}
