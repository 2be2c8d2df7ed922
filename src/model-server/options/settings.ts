import type { Fault } from '../faults/fault.ts';
import type { KeySource } from '../repository/keys.ts';
import type { VersionPolicy } from '../repository/order.ts';
import type { ModelServerSettings } from '../settings.ts';
import type { ModelChoice } from './parsers.ts';

/** The flags that say where a key is. */
export interface KeyOptions {
  keyFile?: string;
  keyEnv?: string;
  keyCommand?: string;
}

/** What the command line says, by its flags. */
export interface ServeOptions extends KeyOptions {
  modelRepository?: string;
  model: ModelChoice;
  versionPolicy: VersionPolicy;
  poll: number;
  s3Endpoint?: string;
  s3Region: string;
  fetchDir?: string;
  grpcAddress: string;
  grpcPort: number;
  httpAddress: string;
  httpPort: number;
  maxMessageSize: number;
  maxBatchSize: number;
  maxQueue: number;
  cacheSize: number;
  cacheTtl: number;
  cacheRedis?: string;
  provider: keyof typeof PROVIDERS;
  graphOptimization: ModelServerSettings['session']['graphOptimization'];
  threads: number;
  interOpThreads: number;
  spinning?: true;
  memoryArena: boolean;
  runTimeout: number;
  strictReadiness?: true;
  probeAfter: number;
  degradedAbove: number;
  recoveredBelow: number;
  drainDelay: number;
  drainGrace: number;
  logLevel: string;
  otlpEndpoint?: string;
  auditLog?: string;
  auditSample: number;
  auditMaxBytes: number;
  auditRedact: readonly string[];
  fault?: Fault;
  faultFile?: string;
  allowFaults?: true;
  faultSeed: number;
}

/** The providers to try for each that can be asked for: what is slower still answers. */
const PROVIDERS = {
  auto: ['tensorrt', 'cuda', 'cpu'],
  tensorrt: ['tensorrt', 'cuda', 'cpu'],
  cuda: ['cuda', 'cpu'],
  cpu: ['cpu'],
};
const MIB = 2 ** 20;

/** The settings for what the command line says. */
export function settingsOf(options: ServeOptions): ModelServerSettings {
  return {
    repository: {
      location: options.modelRepository ?? '',
      key: keySourceOf(options),
      s3: { endpoint: options.s3Endpoint, region: options.s3Region },
      fetchFolder: options.fetchDir,
    },
    pollMs: options.poll,
    grpc: {
      address: options.grpcAddress,
      port: options.grpcPort,
      maxMessageBytes: options.maxMessageSize * MIB,
    },
    http: { address: options.httpAddress, port: options.httpPort },
    models: options.model,
    versionPolicy: options.versionPolicy,
    session: {
      providers: PROVIDERS[options.provider],
      graphOptimization: options.graphOptimization,
      intraOpThreads: options.threads,
      interOpThreads: options.interOpThreads,
      spinning: options.spinning ?? false,
      memoryArena: options.memoryArena,
    },
    maxBatchRows: options.maxBatchSize,
    maxQueue: options.maxQueue,
    runTimeoutMs: options.runTimeout,
    cache: { maxBytes: options.cacheSize * MIB, ttlMs: options.cacheTtl, redisUrl: options.cacheRedis },
    probeAfterMs: options.probeAfter,
    strictReadiness: options.strictReadiness ?? false,
    memoryBounds: { enterAbove: options.degradedAbove, leaveBelow: options.recoveredBelow },
    drainDelayMs: options.drainDelay,
    drainGraceMs: options.drainGrace,
    faults: {
      initial: options.fault,
      file: options.faultFile,
      overHttp: options.allowFaults ?? false,
      seed: options.faultSeed,
    },
    audit: auditOf(options),
    logLevel: options.logLevel,
    otlpEndpoint: options.otlpEndpoint,
  };
}

function auditOf({ auditLog, auditSample, auditMaxBytes, auditRedact }: ServeOptions) {
  if (auditLog === undefined) return undefined;
  const redacted = new Set(auditRedact);
  return { file: auditLog, sampleShare: auditSample, maxBytes: auditMaxBytes, redacted };
}

/** Where the key is to be found, if anywhere. */
export function keySourceOf({ keyFile, keyEnv, keyCommand }: KeyOptions): KeySource | undefined {
  if (keyFile !== undefined) return { kind: 'file', path: keyFile };
  if (keyEnv !== undefined) return { kind: 'environment', name: keyEnv };
  if (keyCommand !== undefined) return { kind: 'command', command: keyCommand };
  return undefined;
}
