import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { penstockProgram } from './command-line.ts';
import { runProgram } from './program.ts';

const said = { stdout: '', stderr: '' };

beforeEach(() => {
  for (const name of ['stdout', 'stderr'] as const) {
    said[name] = '';
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += text;
      return true;
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

describe('the exit code and where the words go', () => {
  it.each([
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/, /^$/],
    [['--help'], 0, /^Usage: penstock /, /^$/],
    [['serve', '--help'], 0, /^Usage: penstock serve .*default: 5s/s, /^$/],
    [['help', 'wait'], 0, /^Usage: penstock wait .*default: 1h/s, /^$/],
    [[], 2, /^$/, /^Usage: penstock /],
    [['frob'], 2, /^$/, /^penstock: unknown command 'frob'\n\(penstock --help says what is possible\)\n$/],
    [['get', '--frob'], 2, /^$/, /^penstock: unknown option '--frob'\n\(penstock get --help says/],
    [['get', 'all'], 2, /^$/, /^penstock: .*Allowed choices are services, /],
    [['freeze', 'maybe'], 2, /^$/, /^penstock: .*Allowed choices are on, off/],
    [['get', '--admin', '::'], 1, /^$/, /^penstock: ::: not an address; give http:\/\/HOST:PORT\n$/],
    [['check', '-f', '/nowhere'], 2, /^$/, /^penstock: \/nowhere: cannot be read: no such file/],
    [['demo', '--only', 'nothing'], 2, /^$/, /^penstock: there is no act nothing; the acts are promotion, /],
    [
      ['audit', 'verify', '--frob'],
      2,
      /^$/,
      /^penstock: unknown option .*\n\(penstock audit verify --help says/,
    ],
    [['serve'], 2, /^$/, /^penstock: no specs are named; give .*\n\(penstock serve --help says/],
    [['bootstrap', '--version', 'v2'], 2, /^$/, /^penstock: --version needs --service.*\n\(penstock boot/],
  ] as const)('%j ends with %i', async (args, code, stdout, stderr) => {
    expect(await runProgram(penstockProgram(), ['node', 'penstock', ...args])).toBe(code);
    expect(said.stdout).toMatch(stdout);
    expect(said.stderr).toMatch(stderr);
  });
});
