import { describe, expect, it } from 'vitest';
import type { ModelServerSettings } from '../settings.ts';
import { createCommand } from './command.ts';

async function settingsOf(...options: string[]): Promise<ModelServerSettings> {
  let parsed: ModelServerSettings | undefined;
  const command = createCommand('test', {
    serve: async (settings) => {
      parsed = settings;
    },
    encrypt: async () => undefined,
  });
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync(['--model-repository', 'models', ...options], { from: 'user' });
  if (!parsed) throw new Error('nothing was parsed');
  return parsed;
}

describe('the command line', () => {
  it('has settings for all that is not said', async () => {
    expect(await settingsOf()).toMatchObject({
      repository: { location: 'models', key: undefined },
      grpc: { address: '127.0.0.1', port: 8001 },
      http: { address: '127.0.0.1', port: 8000 },
      models: new Map(),
      versionPolicy: { kind: 'latest', count: 1 },
      maxBatchRows: 16,
      runTimeoutMs: 60_000,
      session: { providers: ['tensorrt', 'cuda', 'cpu'], spinning: false, memoryArena: true },
    });
  });

  it('collects models and versions', async () => {
    const { models } = await settingsOf('--model', 'digits:v1', '--model', 'digits:v2', '--model', 'cats');
    expect(models).toEqual(
      new Map([
        ['digits', { kind: 'specific', versions: ['v1', 'v2'] }],
        ['cats', undefined],
      ]),
    );
  });

  it.each([
    ['latest', { kind: 'latest', count: 1 }],
    ['latest=3', { kind: 'latest', count: 3 }],
    ['all', { kind: 'all' }],
  ])('reads the version policy %s', async (text, versionPolicy) => {
    expect(await settingsOf('--version-policy', text)).toMatchObject({ versionPolicy });
  });

  it.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['1.5m', 90_000],
  ])('reads the duration %s', async (text, runTimeoutMs) => {
    expect(await settingsOf('--run-timeout', text)).toMatchObject({ runTimeoutMs });
  });

  it.each([
    [['--grpc-port', '65536'], 'expected 0…65535'],
    [['--max-batch-size', '0'], 'whole number of at least 1'],
    [['--run-timeout', '10'], 'number with a unit'],
    [['--version-policy', 'newest'], 'latest, latest=N or all'],
    [['--version-policy', 'latest=0'], 'latest, latest=N or all'],
    [['--model', 'digits:'], 'such as digits:v1'],
    [['--model', 'a:b:c'], 'such as digits:v1'],
    [['--provider', 'gpu'], 'Allowed choices are auto, tensorrt, cuda, cpu'],
    [['--fault', '{"failPercent": 200}'], 'failPercent'],
    [['--fault', '30%'], 'expected such as {"failPercent": 30}'],
    [['--modell', 'digits'], 'Did you mean --model?'],
  ])('refuses %j in words', async (options, words) => {
    await expect(settingsOf(...options)).rejects.toThrow(words);
  });
});
