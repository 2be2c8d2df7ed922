import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../src/demo/free-port.ts';
import { waitUntil } from '../src/demo/wait-until.ts';
import { penstock, Serve, temporaryFolder } from './penstock-process.ts';
import { SPECS } from './sample-specs.ts';

const folder = temporaryFolder();
const good = join(folder.path, 'good.yaml');
const anyPorts = ['--xds-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];
let busy: Server;
let busyAddress: string;

beforeAll(async () => {
  writeFileSync(good, SPECS);
  busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  const address = busy.address();
  busyAddress = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterAll(() => {
  busy.close();
  folder.remove();
});

/** Lines for people: the log's JSON lines are others. */
const told = (stderr: string): readonly string[] =>
  stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));

describe('penstock serve does not start', () => {
  it('with a broken file, and lists all that is wrong', async () => {
    const bad = join(folder.path, 'bad.yaml');
    writeFileSync(bad, SPECS.replace('stable: v1', 'stabel: v1').replace('port: 9000', 'port: 90000'));
    const { code, stdout, stderr } = await penstock(['serve', '-f', bad, ...anyPorts]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      'penstock: the specs are not valid, nothing was started',
      `${bad}:5: spec.port: is 90000; at most 65535`,
      expect.stringMatching(/bad\.yaml:\d+: spec\.stabel: unknown field "stabel"; did you mean "stable"/),
      '',
    ]);
  });

  it.each([
    ['a missing file', ['-f', '/nowhere/specs.yaml'], '/nowhere/specs.yaml: cannot be read: no such file'],
    ['no Prometheus at all', ['-f', good, '--prometheus', 'nonsense'], 'one is such as http://'],
  ])('with %s', async (_, args, problem) => {
    const { code, stdout, stderr } = await penstock(['serve', ...args, ...anyPorts]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(told(stderr).at(-1)).toContain(problem);
  });

  it.each([
    ['xds', 'penstock: xds: cannot listen on'],
    ['admin', 'penstock: admin address'],
  ])('with a %s port in use, and leaves nothing half-started', async (which, problem) => {
    const state = join(folder.path, `state-${which}`);
    const [free] = await freePorts(1);
    const addresses = { xds: `127.0.0.1:${free}`, admin: `127.0.0.1:${free}`, [which]: busyAddress };
    const args = ['--xds-address', addresses.xds, '--admin-address', addresses.admin, '--state', state];
    const { code, stderr } = await penstock(['serve', '-f', good, ...args]);
    expect(code).toBe(1);
    expect(told(stderr)).toHaveLength(1);
    expect(told(stderr)[0]).toMatch(new RegExp(`^${problem} ${busyAddress}: the port is in use; `));
    await expect(fetch(`http://127.0.0.1:${free}/`)).rejects.toThrow();
    expect(kept(state)).toEqual({ decisions: 0, states: 0 });
  });

  it('with a corrupt state file, which stays as it is', async () => {
    const state = join(folder.path, 'corrupt');
    mkdirSync(state);
    const file = join(state, 'penstock.db');
    writeFileSync(file, 'this is no database, but somebody may want to look at it '.repeat(100));
    const before = digest(file);
    const { code, stderr } = await penstock(['serve', '-f', good, ...anyPorts, '--state', state]);
    expect(code).toBe(1);
    expect(told(stderr)).toEqual([
      expect.stringMatching(/penstock\.db: cannot be read as Penstock's state .*; nothing was changed: /),
    ]);
    expect(digest(file)).toBe(before);
  });

  it('with a state directory that another one uses, which goes on', async () => {
    const state = join(folder.path, 'shared');
    const first = await Serve.start(['-f', good, '--state', state]);
    const { code, stderr } = await penstock(['serve', '-f', good, ...anyPorts, '--state', state]);
    expect(code).toBe(1);
    expect(told(stderr)).toEqual([
      expect.stringMatching(/in use by another process; stop that one, or name/),
    ]);
    expect((await first.status()).startedAt).toBeGreaterThan(0);
    expect((await first.stop()).code).toBe(0);
  });

  it.each([
    [['serve', '-f', good, '--bogus'], "unknown option '--bogus'"],
    [['serve', '-f', good, '--xds-address', 'nonsense'], 'give HOST:PORT, say'],
    [['serve', '-f', good, '--interval', 'often'], 'give a duration such as'],
  ])('when it is not understood: %j', async (args, problem) => {
    const { code, stdout, stderr } = await penstock(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^penstock: .*${problem}`));
    expect(stderr).toContain('\n(penstock serve --help says what is possible)\n');
  });

  it('when it is not told where the specs are', async () => {
    expect(await penstock(['serve'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'penstock: no specs are named; give --file FILE, or --kubernetes\n(penstock serve --help says what is possible)\n',
    });
  });
});

describe('penstock serve with a Prometheus that does not answer', () => {
  it('serves, holds, and says so once', async () => {
    const serve = await Serve.start(['-f', good, '--prometheus', 'http://127.0.0.1:1']);
    try {
      const warning = await waitUntil('the warning', () => serve.log.find((line) => line.prometheus));
      expect(warning.level).toBe(40);
      expect(warning.msg).toMatch(/^Prometheus does not answer, what needs it holds: .*connection refused/);
      expect(await serve.metric('penstock_prometheus_reachable')).toBe(0);
      const { stdout } = await serve.command('get');
      expect(stdout).toMatch(/^NO PROMETHEUS: Prometheus at http:\/\/127\.0\.0\.1:1: connection refused/m);
      expect((await serve.api<{ weight: number }[]>('rollouts'))[0]?.weight).toBe(500);
      expect(serve.log.filter((line) => line.prometheus)).toHaveLength(1);
    } finally {
      await serve.stop();
    }
  });
});

function digest(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** What a start that failed left in its state directory. */
function kept(state: string): { readonly decisions: number; readonly states: number } {
  const database = new DatabaseSync(join(state, 'penstock.db'), { readOnly: true });
  const count = (table: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
  const found = { decisions: count('decisions'), states: count('state') };
  database.close();
  return found;
}
