import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
    [['frob'], 2, /^$/, /^error: unknown command 'frob'\n\(run with --help/],
    [['get', '--frob'], 2, /^$/, /^error: unknown option '--frob'\n\(run with --help/],
    [['get', 'all'], 2, /^$/, /^error: .*Allowed choices are services, /],
    [['freeze', 'maybe'], 2, /^$/, /^error: .*Allowed choices are on, off/],
    [['get', '--admin', '::'], 1, /^$/, /^penstock: ::: not an address; give http:\/\/HOST:PORT\n$/],
    [['check', '-f', '/nowhere'], 2, /^$/, /^penstock check: \/nowhere: cannot be read: no such file/],
    [['demo', '--only', 'nothing'], 2, /^$/, /^penstock: there is no act nothing; the acts are promotion, /],
  ] as const)('%j ends with %i', async (args, code, stdout, stderr) => {
    expect(await runProgram(['node', 'penstock', ...args])).toBe(code);
    expect(said.stdout).toMatch(stdout);
    expect(said.stderr).toMatch(stderr);
  });
});
