import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import type { VersionPolicy } from '../repository/order.ts';
import {
  collectModels,
  type ModelChoice,
  parseAmount,
  parseCount,
  parseDuration,
  parseFaultJson,
  parsePolicy,
  parsePort,
  parseShare,
} from './parsers.ts';

const NO_MODELS: ModelChoice = new Map();
const LATEST: VersionPolicy = { kind: 'latest', count: 1 };

/** Which models, and where they come from. */
export function addRepositoryFlags(command: Command): void {
  command
    .option('--model-repository <place>', 'folder that holds the models, or s3://BUCKET/PREFIX')
    .addOption(
      new Option('--model <name[:version]>', 'serve only this model (repeat for more)')
        .default(NO_MODELS, 'every model')
        .argParser((text, models: ModelChoice) => collectModels(text, new Map(models))),
    )
    .addOption(
      new Option('--version-policy <policy>', 'versions of a model without one: latest, latest=N or all')
        .default(LATEST, 'latest')
        .argParser(parsePolicy),
    )
    .addOption(duration('--poll', 'look for changes in the repository so often; 0s: only when asked', '0s'))
    .addOption(new Option('--s3-endpoint <url>', 'S3-compatible storage').env('AWS_ENDPOINT_URL_S3'))
    .addOption(
      new Option('--s3-region <name>', 'region of the storage').default('us-east-1').env('AWS_REGION'),
    )
    .option('--fetch-dir <dir>', 'folder for what is fetched (default: a temporary one)');
  addKeyFlags(command);
}

/** Where the key for encrypted models is. */
export function addKeyFlags(command: Command): void {
  command
    .option('--key-file <file>', 'file with the key for encrypted models: 32 bytes, raw, in hex or Base64')
    .addOption(new Option('--key-env <name>', 'environment variable with the key').conflicts('keyFile'))
    .addOption(
      new Option('--key-command <command>', 'command that prints the key').conflicts(['keyFile', 'keyEnv']),
    );
}

/** Where it listens. */
export function addListenerFlags(command: Command): void {
  command
    .option('--grpc-address <ip>', 'address for gRPC', '127.0.0.1')
    .option('--grpc-port <port>', 'port for gRPC, 0 for any free one', parsePort, 8001)
    .option('--http-address <ip>', 'address for REST, metrics and health', '127.0.0.1')
    .option('--http-port <port>', 'port for REST, metrics and health, 0 for any free one', parsePort, 8000)
    .option('--max-message-size <MiB>', 'largest message', parseCount, 64);
}

/** Batches, queues, and answers that are kept. */
export function addBatchingFlags(command: Command): void {
  command
    .option('--max-batch-size <rows>', 'rows computed together at most; 1 for no batching', parseCount, 16)
    .option('--max-queue <calls>', 'calls that wait at most; more are refused', parseCount, 1_024)
    .option('--cache-size <MiB>', 'keep answers for calls that come again; 0: none', parseAmount, 0)
    .addOption(duration('--cache-ttl', 'how long an answer is kept', '10m'))
    .option('--cache-redis <url>', 'keep answers in Redis instead, shared by several servers');
}

/** The runtime. */
export function addRuntimeFlags(command: Command): void {
  command
    .addOption(
      new Option('--provider <name>', 'execution provider; auto takes the best that works')
        .choices(['auto', 'tensorrt', 'cuda', 'cpu'])
        .default('auto'),
    )
    .addOption(
      new Option('--graph-optimization <level>', "the runtime's optimisation of the graph")
        .choices(['disabled', 'basic', 'extended', 'all'])
        .default('all'),
    )
    .addOption(
      new Option('--threads <n>', 'threads within an operator')
        .default(availableParallelism(), 'one a core')
        .argParser(parseCount),
    )
    .option('--inter-op-threads <n>', 'threads across operators', parseCount, 1)
    .option('--spinning', 'let waiting threads spin: some microseconds less for more CPU')
    .option('--no-memory-arena', 'give memory back after each batch instead of keeping it')
    .addOption(duration('--run-timeout', 'longest time for one batch', '1m'));
}

/** What counts as healthy. */
export function addHealthFlags(command: Command): void {
  command
    .option('--strict-readiness', 'ready only when every model is')
    .addOption(duration('--probe-after', 'dummy inference after so long without any; 0s: never', '10s'))
    .option('--degraded-above <share>', 'degraded when more of the memory is in use', parseShare, 0.9)
    .option('--recovered-below <share>', 'no longer degraded when less is in use', parseShare, 0.85)
    .addOption(duration('--drain-delay', 'go on serving so long after saying not ready', '0s'))
    .addOption(duration('--drain-grace', 'longest time to finish calls before exit', '30s'));
}

/** Logs and traces. */
export function addTelemetryFlags(command: Command): void {
  command
    .addOption(
      new Option('--log-level <level>', 'debug logs each call')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    )
    .addOption(
      new Option(
        '--otlp-endpoint <url>',
        'OpenTelemetry collector (HTTP) for the spans of sampled calls',
      ).env('OTEL_EXPORTER_OTLP_ENDPOINT'),
    );
}

/** The audit of calls. */
export function addAuditFlags(command: Command): void {
  command
    .option(
      '--audit-log <file>',
      'append calls to this file, a line of JSON each: what was asked and answered',
    )
    .option('--audit-sample <share>', 'of all calls, the share that is written', parseShare, 0.01)
    .option('--audit-max-bytes <n>', 'of values, at most so many bytes a call', parseAmount, 4096)
    .option(
      '--audit-redact <tensor>',
      'write nothing of the content of inputs and outputs of this name; * for all of them (repeatable)',
      (name: string, before: readonly string[]) => [...before, name],
      [] as readonly string[],
    );
}

/** Faults on purpose. */
export function addFaultFlags(command: Command): void {
  command
    .option('--fault <json>', 'fault to begin with, for demonstrations and tests', parseFaultJson)
    .option('--fault-file <file>', 'JSON file with the fault in force, followed while serving')
    .option('--allow-faults', 'let POST /debug/fault set the fault')
    .option('--fault-seed <n>', 'seed for which calls a fault hits', parseAmount, 1);
}

function duration(name: string, description: string, standard: string): Option {
  return new Option(`${name} <duration>`, description)
    .default(parseDuration(standard), standard)
    .argParser(parseDuration);
}
