import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Fault, parseFault } from './faults/fault.ts';
import type { KeySource } from './repository/keys.ts';
import type { VersionPolicy } from './repository/order.ts';
import { DEFAULTS, type ModelServerSettings } from './settings.ts';

/** The command line of `model-server`. `onSettings` gets what was asked for. */
export function createCommand(
  version: string,
  onSettings: (settings: ModelServerSettings) => Promise<void>,
): Command {
  const command = new Command('model-server')
    .description(
      'Serves ONNX models over the Open Inference Protocol v2 (gRPC and REST).\n\n' +
        'The repository is a folder NAME/VERSION/model.onnx; the name of the version is its label in metrics, logs ' +
        'and answers. Each version runs in a process of its own, batches while busy, and is replaced when it dies.',
    )
    .version(version)
    .option('--model-repository <place>', 'folder that holds the models, or s3://BUCKET/PREFIX')
    .addOption(
      new Option('--model <name[:version]>', 'serve only this model (repeat for more)')
        .default(new Map(), 'every model')
        .argParser(collectModels),
    )
    .addOption(
      new Option('--version-policy <policy>', 'versions of a model without one: latest, latest=N or all')
        .default({ kind: 'latest', count: 1 }, 'latest')
        .argParser(parsePolicy),
    )
    .option('--strict-readiness', 'ready only when every model is');
  addRepository(command);
  addListeners(command);
  addBatching(command);
  addRuntime(command);
  addFaults(command);
  addLifecycle(command);
  command.addHelpText('after', EXAMPLES);
  return command.action((options: Options) => {
    if (options.modelRepository === undefined)
      command.error("required option '--model-repository <place>' is missing");
    return onSettings(toSettings(options));
  });
}

const EXAMPLES = `
Durations are numbers with a unit: 250ms, 10s, 1m.

Credentials for s3:// are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

Examples:
  model-server --model-repository models --model digits:v1
  model-server --model-repository models --version-policy all --grpc-port 9000 --http-port 9001
  model-server --model-repository models --fault '{"failPercent": 30, "code": "INTERNAL"}'

On HTTP: /metrics, /healthz (alive), /readyz (loaded, warmed up and inferring), /v2/… (REST).
Exit codes: 0 after a drain, 1 when it cannot serve, 2 for a mistake on the command line.`;

/** The models to serve, each with its versions where they are named. */
type ModelChoice = Map<string, VersionPolicy | undefined>;

interface Options {
  modelRepository?: string;
  keyFile?: string;
  keyEnv?: string;
  keyCommand?: string;
  s3Endpoint?: string;
  s3Region: string;
  cacheDir?: string;
  poll: number;
  model: ModelChoice;
  versionPolicy: VersionPolicy;
  strictReadiness?: true;
  grpcAddress: string;
  grpcPort: number;
  httpAddress: string;
  httpPort: number;
  maxMessageSize: number;
  maxBatchSize: number;
  maxQueue: number;
  runTimeout: number;
  probeAfter: number;
  provider: 'auto' | 'cpu' | 'cuda' | 'tensorrt';
  graphOptimization: ModelServerSettings['session']['graphOptimization'];
  threads: number;
  interOpThreads: number;
  spinning?: true;
  memoryArena: boolean;
  fault?: Fault;
  faultFile?: string;
  allowFaults?: true;
  faultSeed: number;
  drainDelay: number;
  drainGrace: number;
  logLevel: string;
}

function addRepository(command: Command): void {
  command
    .addOption(duration('--poll', 'look for changes in the repository so often; 0s: only when asked', '0s'))
    .addOption(new Option('--s3-endpoint <url>', 'S3-compatible storage').env('AWS_ENDPOINT_URL_S3'))
    .addOption(
      new Option('--s3-region <name>', 'region of the storage').default('us-east-1').env('AWS_REGION'),
    )
    .option('--cache-dir <dir>', 'folder for what is fetched (default: a temporary one)')
    .option('--key-file <file>', 'file with the key for encrypted models (32 bytes, raw, hex or Base64)')
    .addOption(new Option('--key-env <name>', 'environment variable with the key').conflicts('keyFile'))
    .addOption(
      new Option('--key-command <command>', 'command that prints the key').conflicts(['keyFile', 'keyEnv']),
    );
}

/** Where the key is to be found, if anywhere. */
export function keySourceOf(
  options: Pick<Options, 'keyFile' | 'keyEnv' | 'keyCommand'>,
): KeySource | undefined {
  if (options.keyFile !== undefined) return { kind: 'file', path: options.keyFile };
  if (options.keyEnv !== undefined) return { kind: 'environment', name: options.keyEnv };
  if (options.keyCommand !== undefined) return { kind: 'command', command: options.keyCommand };
  return undefined;
}

function addListeners(command: Command): void {
  command
    .option('--grpc-address <ip>', 'address for gRPC', DEFAULTS.address)
    .option('--grpc-port <port>', 'port for gRPC, 0 for any free one', parsePort, DEFAULTS.grpcPort)
    .option('--http-address <ip>', 'address for REST, metrics and health', DEFAULTS.address)
    .option(
      '--http-port <port>',
      'port for REST, metrics and health, 0 for any free one',
      parsePort,
      DEFAULTS.httpPort,
    )
    .option('--max-message-size <MiB>', 'largest message', positive, DEFAULTS.maxMessageMiB);
}

function addBatching(command: Command): void {
  command
    .option(
      '--max-batch-size <rows>',
      'rows computed together at most; 1 for no batching',
      positive,
      DEFAULTS.maxBatchRows,
    )
    .option('--max-queue <calls>', 'calls that wait at most; more are refused', positive, DEFAULTS.maxQueue)
    .addOption(duration('--run-timeout', 'longest time for one batch', '1m'))
    .addOption(duration('--probe-after', 'dummy inference after so long without any; 0s: never', '10s'));
}

function addRuntime(command: Command): void {
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
        .argParser(positive),
    )
    .option('--inter-op-threads <n>', 'threads across operators', positive, 1)
    .option('--spinning', 'let waiting threads spin: some microseconds less for more CPU')
    .option('--no-memory-arena', 'give memory back after each batch instead of keeping it');
}

function addFaults(command: Command): void {
  command
    .option('--fault <json>', 'fault to begin with, for demonstrations and tests', parseFaultJson)
    .option('--fault-file <file>', 'JSON file with the fault in force, followed while serving')
    .option('--allow-faults', 'let POST /debug/fault set the fault')
    .option('--fault-seed <n>', 'seed for which calls a fault hits', Number, 1);
}

function addLifecycle(command: Command): void {
  command
    .addOption(duration('--drain-delay', 'go on serving so long after saying not ready', '0s'))
    .addOption(duration('--drain-grace', 'longest time to finish calls before exit', '30s'))
    .addOption(
      new Option('--log-level <level>', 'debug logs each call')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    );
}

function duration(name: string, description: string, standard: string): Option {
  return new Option(`${name} <duration>`, description)
    .default(parseDuration(standard), standard)
    .argParser(parseDuration);
}

const PROVIDERS = {
  auto: ['tensorrt', 'cuda', 'cpu'],
  tensorrt: ['tensorrt', 'cuda', 'cpu'],
  cuda: ['cuda', 'cpu'],
  cpu: ['cpu'],
};

function toSettings(options: Options): ModelServerSettings {
  return {
    repository: {
      location: options.modelRepository ?? '',
      key: keySourceOf(options),
      s3: { endpoint: options.s3Endpoint, region: options.s3Region },
      cache: options.cacheDir,
    },
    pollMs: options.poll,
    grpc: {
      address: options.grpcAddress,
      port: options.grpcPort,
      maxMessageBytes: options.maxMessageSize * 2 ** 20,
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
    probeAfterMs: options.probeAfter,
    strictReadiness: options.strictReadiness ?? false,
    drainDelayMs: options.drainDelay,
    drainGraceMs: options.drainGrace,
    faults: {
      initial: options.fault,
      file: options.faultFile,
      overHttp: options.allowFaults ?? false,
      seed: options.faultSeed,
    },
    logLevel: options.logLevel,
  };
}

function collectModels(text: string, models: ModelChoice): ModelChoice {
  const [model = '', version, ...rest] = text.split(':');
  if (model === '' || version === '' || rest.length > 0) {
    throw new InvalidArgumentError('expected NAME or NAME:VERSION, such as digits:v1');
  }
  const before = models.get(model);
  if (version === undefined) return models.set(model, before);
  const versions = before?.kind === 'specific' ? before.versions : [];
  return models.set(model, { kind: 'specific', versions: [...versions, version] });
}

function parsePolicy(text: string): VersionPolicy {
  if (text === 'all') return { kind: 'all' };
  const count = Number(
    /^latest(?:=(\d+))?$/.exec(text)?.[text.includes('=') ? 1 : 0]?.replace('latest', '1'),
  );
  if (!(count >= 1)) throw new InvalidArgumentError('expected latest, latest=N or all');
  return { kind: 'latest', count };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('expected 0…65535');
  return port;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number of at least 1');
  return value;
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  if (amount === undefined)
    throw new InvalidArgumentError('expected a number with a unit, such as 250ms or 10s');
  return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

function parseFaultJson(text: string): Fault {
  try {
    return parseFault(JSON.parse(text));
  } catch (thrown) {
    throw new InvalidArgumentError(`${(thrown as Error).message}; expected such as {"failPercent": 30}`);
  }
}
