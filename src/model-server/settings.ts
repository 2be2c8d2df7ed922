import type { AuditSettings } from './audit/inference-audit.ts';
import type { Fault } from './faults/fault.ts';
import type { RepositorySettings } from './repository/open.ts';
import type { VersionPolicy } from './repository/order.ts';
import type { SessionSettings } from './runner/messages.ts';
import type { Hysteresis } from './telemetry/hysteresis.ts';

/** Everything that can be set about a model server. Ports may be 0 for any free one. */
export interface ModelServerSettings {
  readonly repository: RepositorySettings;
  /** How often to look for changes in the repository; 0 for only when asked. */
  readonly pollMs: number;
  readonly grpc: { readonly address: string; readonly port: number; readonly maxMessageBytes: number };
  readonly http: { readonly address: string; readonly port: number };
  /** Models to serve, with their own policy where they have one; empty for every model there is. */
  readonly models: ReadonlyMap<string, VersionPolicy | undefined>;
  readonly versionPolicy: VersionPolicy;
  readonly session: SessionSettings;
  /** Rows that are computed together at most. */
  readonly maxBatchRows: number;
  /** Calls that wait for one version at most. */
  readonly maxQueue: number;
  readonly runTimeoutMs: number;
  /** Answers that are kept: in memory when `maxBytes` is not 0, or in Redis. */
  readonly cache: {
    readonly maxBytes: number;
    readonly ttlMs: number;
    readonly redisUrl: string | undefined;
  };
  readonly probeAfterMs: number;
  readonly strictReadiness: boolean;
  /** Between which shares of memory in use the server is degraded. */
  readonly memoryBounds: Hysteresis;
  /** How long to go on answering after saying that the server is not ready, so that the mesh has noticed. */
  readonly drainDelayMs: number;
  readonly drainGraceMs: number;
  readonly faults: {
    readonly initial: Fault | undefined;
    readonly file: string | undefined;
    readonly overHttp: boolean;
    readonly seed: number;
  };
  readonly logLevel: string;
  /** Calls with what was asked and answered, where they are kept. */
  readonly audit: AuditSettings | undefined;
  /** Where spans go, if anywhere. */
  readonly otlpEndpoint: string | undefined;
}
