import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findTool } from '../src/app/toolchain.ts';
import { waitUntil } from '../src/demo/wait-until.ts';
import { Serve, temporaryFolder } from './penstock-process.ts';
import { SPECS } from './sample-specs.ts';

const MAIN = fileURLToPath(new URL('../cmd/penstock/main.ts', import.meta.url));

const folder = temporaryFolder();
const log = join(folder.path, 'called');
let serve: Serve;

beforeAll(async () => {
  writeFileSync(join(folder.path, 'specs.yaml'), SPECS);
  mkdirSync(join(folder.path, 'bin'));
  // What a shell asks goes to the program; what it runs in the end is written down.
  const program = `#!/bin/sh
case $1 in
  __complete | completion) exec '${process.execPath}' '${MAIN}' "$@" ;;
  *) echo "$*" >>'${log}' ;;
esac
`;
  writeFileSync(join(folder.path, 'bin/penstock'), program, { mode: 0o755 });
  serve = await Serve.start(['-f', join(folder.path, 'specs.yaml')]);
  await waitUntil('the rollout is there', async () => (await serve.api<unknown[]>('rollouts')).length > 0);
});
afterAll(async () => {
  await serve?.stop();
  folder.remove();
});

/** How each shell is started as people have it, but for what they have set up themselves, and its first command. */
type Start = readonly [command: string, setUp: string];

const SHELLS = {
  bash: (): Start => ['bash --norc --noprofile -i', 'source <(penstock completion bash)'],
  zsh: (): Start => {
    const zsh = findTool('zsh').path;
    // An unpacked zsh looks for its parts where it would have been installed.
    const root = join(dirname(dirname(zsh)), 'root/usr');
    const parts = existsSync(root)
      ? `module_path=(${root}/lib/*/zsh/*(N/))\nfpath=(${root}/share/zsh/functions/**/*(N/))\n`
      : '';
    writeFileSync(join(folder.path, '.zshenv'), parts);
    writeFileSync(join(folder.path, '.zshrc'), 'autoload -Uz compinit; compinit -D\n');
    return [`${zsh} -i`, 'source <(penstock completion zsh)'];
  },
  fish: (): Start => [`${findTool('fish').path} --no-config -i`, 'penstock completion fish | source'],
};

it.each(['bash', 'zsh', 'fish'] as const)(
  '%s completes commands, choices, files and names',
  async (shell) => {
    const [command, setUp] = SHELLS[shell]();
    // Completion is for terminals: `script` is one.
    const terminal = spawn('script', ['-qfc', command, '/dev/null'], {
      cwd: folder.path,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {
        ...process.env,
        PATH: `${join(folder.path, 'bin')}:${process.env.PATH}`,
        HOME: folder.path,
        ZDOTDIR: folder.path,
        TERM: 'xterm',
        PENSTOCK_ADMIN: serve.adminUrl,
      },
    });
    const ended = new Promise((resolve) => terminal.once('exit', resolve));
    writeFileSync(log, '');
    const called = () => readFileSync(log, 'utf8').split('\n').slice(0, -1);
    const type = async (keys: string, count: number) => {
      terminal.stdin.write(`${keys}\n`);
      await waitUntil(`${keys} was run`, () => called().length === count, { timeoutMs: 60_000 });
    };
    try {
      terminal.stdin.write(`${setUp}\n`);
      await type('penstock ready', 1);
      await type('penstock promote f\t', 2);
      await type('penstock get ro\t --output=y\t', 3);
      await type('penstock check -f spe\t', 4);
      await type('penstock explain br\t', 5);
    } finally {
      terminal.kill('SIGKILL');
      await ended;
    }
    expect(called().map((line) => line.trim())).toEqual([
      'ready',
      'promote fraud-v2',
      'get rollouts --output=yaml',
      'check -f specs.yaml',
      'explain breaker/fraud',
    ]);
  },
);
