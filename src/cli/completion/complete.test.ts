import { describe, expect, it } from 'vitest';
import { penstockProgram } from '../../app/command-line.ts';
import { complete, DIRECTIVES } from './complete.ts';
import type { LiveNames } from './live-names.ts';
import { completionScript, SHELLS } from './scripts.ts';

const asked: unknown[] = [];
const live: LiveNames = async (kind, { admin }) => {
  asked.push(admin);
  return kind === 'rollouts' ? ['fraud-v2', 'shop/search-v3'] : ['rollout/fraud-v2', 'breaker/fraud'];
};

const values = async (...words: readonly string[]) =>
  (await complete(penstockProgram(), words, live)).candidates.map(({ value }) => value);

describe('the word under the cursor', () => {
  it.each([
    [['ge'], ['get']],
    [
      ['get', 's'],
      ['services', 'sidecars'],
    ],
    [
      ['get', '-o', ''],
      ['table', 'json', 'yaml'],
    ],
    [['get', '--output', 'j'], ['json']],
    [['get', '--output=y'], ['--output=yaml']],
    [['get', '--out'], ['--output']],
    [['get', '-o', 'json', '--o'], []],
    [['get', '--watch', 'ro'], ['rollouts']],
    [['get', 'services', ''], []],
    [
      ['audit', ''],
      ['verify', 'export', 'help'],
    ],
    [['audit', 'verify', '--exp'], ['--expect']],
    [
      ['freeze', ''],
      ['on', 'off'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['promote', ''],
      ['fraud-v2', 'shop/search-v3'],
    ],
    [['wait', 'fr'], ['fraud-v2']],
    [
      ['wait', '--for', 'p'],
      ['promoted', 'paused'],
    ],
    [['wait', '--', 'sh'], ['shop/search-v3']],
    [['explain', 'b'], ['breaker/fraud']],
    [['check', '-f', 'a.yaml', '--f'], ['--file']],
    [['nothing', ''], []],
    [
      ['token', 'create', '--role', ''],
      ['viewer', 'operator', 'admin'],
    ],
  ] as const)('%j may become %j', async (words, expected) => {
    expect(await values(...words)).toEqual(expected);
  });

  it('offers every command, and none that is hidden', async () => {
    const commands = await values('');
    expect(commands).toEqual(expect.arrayContaining(['serve', 'get', 'demo', 'completion']));
    expect(commands.filter((name) => name.startsWith('_'))).toEqual([]);
  });

  it.each([
    [['check', '-f', ''], DIRECTIVES.files],
    [['serve', '--state', ''], DIRECTIVES.folders],
    [['get', ''], DIRECTIVES.nothing],
  ] as const)('%j has the shell do %i besides', async (words, directive) => {
    expect((await complete(penstockProgram(), words, live)).directive).toBe(directive);
  });

  it('asks for names where the command line says that the control plane is', async () => {
    asked.length = 0;
    await values('promote', '--admin', 'http://10.0.0.7:18080', '');
    await values('promote', '');
    expect(asked).toEqual(['http://10.0.0.7:18080', 'http://127.0.0.1:18080']);
  });
});

it.each(SHELLS)('the script for %s asks the program, and names no command of it', (shell) => {
  const script = completionScript(shell, 'penstock');
  expect(script).toContain('__complete --');
  expect(script).not.toMatch(/promote|rollouts/);
});
