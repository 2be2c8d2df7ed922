import { Command } from 'commander';
import type { KeySource } from '../repository/keys.ts';
import type { ModelServerSettings } from '../settings.ts';
import {
  addAuditFlags,
  addBatchingFlags,
  addFaultFlags,
  addHealthFlags,
  addKeyFlags,
  addListenerFlags,
  addRepositoryFlags,
  addRuntimeFlags,
  addTelemetryFlags,
} from './flags.ts';
import { type KeyOptions, keySourceOf, type ServeOptions, settingsOf } from './settings.ts';

/** What the command line can ask for. */
export interface CommandActions {
  serve(settings: ModelServerSettings): Promise<void>;
  /** Encrypts a model's file into another. */
  encrypt(input: string, output: string, key: KeySource): Promise<void>;
}

/** The command line of `model-server`. */
export function createCommand(version: string, { serve, encrypt }: CommandActions): Command {
  const command = new Command('model-server')
    .usage('--model-repository <place> [options]')
    .description(
      'Serves ONNX models over the Open Inference Protocol v2 (gRPC and REST).\n\n' +
        'The repository holds NAME/VERSION/model.onnx; the name of the version is its label in metrics, logs and ' +
        'answers. Each version runs in a process of its own, batches while busy, and is replaced when it dies.',
    )
    .version(version)
    .enablePositionalOptions()
    .showHelpAfterError('(model-server --help says what is possible)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'model-server: ')) });
  const groups: [string, (command: Command) => void][] = [
    ['Models:', addRepositoryFlags],
    ['Addresses:', addListenerFlags],
    ['Batching and caching:', addBatchingFlags],
    ['Runtime:', addRuntimeFlags],
    ['Health:', addHealthFlags],
    ['Telemetry:', addTelemetryFlags],
    ['Audit of calls:', addAuditFlags],
    ['Faults on purpose:', addFaultFlags],
  ];
  for (const [heading, add] of groups) add(command.optionsGroup(heading));
  command.addHelpText('after', EXAMPLES).action((options: ServeOptions) => {
    if (options.modelRepository === undefined) {
      command.error("error: option '--model-repository <place>' is missing");
    }
    return serve(settingsOf(options));
  });
  const encryption = new Command('encrypt')
    .description(
      'encrypt a model (AES-256-GCM) so that it is served with the same key as NAME/VERSION/model.onnx.enc',
    )
    .argument('<model.onnx>')
    .argument('<model.onnx.enc>')
    .action((input: string, output: string, options: KeyOptions) => {
      const key = keySourceOf(options);
      if (!key) return encryption.error('error: give a key with --key-file, --key-env or --key-command');
      return encrypt(input, output, key);
    });
  addKeyFlags(encryption);
  return command.addCommand(encryption.copyInheritedSettings(command));
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
