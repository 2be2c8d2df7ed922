import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { RolloutStatus, SidecarStatus } from '../src/core/status/status.ts';
import { nodeMetadata } from '../src/core/translate/node-metadata.ts';
import { freePorts } from '../src/demo/free-port.ts';
import { waitUntil } from '../src/demo/wait-until.ts';
import { penstock, replaceFile, Serve, startPenstock, temporaryFolder } from './penstock-process.ts';
import { SPECS } from './sample-specs.ts';
import { type RunningEnvoy, startEnvoy } from './xds/envoy.ts';

const KINDS = ['services', 'rollouts', 'breakers', 'limits', 'sidecars'] as const;
const COMMANDS = [
  ...['serve', 'check', 'bootstrap', 'get', 'explain', 'promote', 'pause', 'resume', 'abort', 'retry'],
  ...['wait', 'freeze', 'baseline', 'demo'],
];

const folder = temporaryFolder();
const file = join(folder.path, 'specs.yaml');
let serve: Serve;
let envoy: RunningEnvoy;

beforeAll(async () => {
  writeFileSync(file, SPECS);
  serve = await Serve.start(['-f', file]);
  const [port = 0] = await freePorts(1);
  const metadata = nodeMetadata({ kind: 'outbound', address: '127.0.0.1', port });
  envoy = await startEnvoy({ nodeId: 'client', xdsPort: serve.xdsPort, protocol: 'delta', metadata });
  await waitUntil('the sidecar follows', async () => {
    const sidecars = await serve.api<readonly SidecarStatus[]>('sidecars');
    return sidecars.length === 1 && sidecars.every((each) => each.converged);
  });
});
afterAll(async () => {
  await envoy?.stop();
  await serve?.stop();
  folder.remove();
});

const rollout = async () => (await serve.api<readonly RolloutStatus[]>('rollouts'))[0];

/** Waits until the rollout is in a phase with its weights in force. */
const phaseIs = (phase: string) =>
  waitUntil(phase, async () => {
    const now = await rollout();
    return now?.phase === phase && now.laggards.length === 0;
  });

describe('without a control plane', () => {
  it('help comes with every command, and without one', async () => {
    const bare = await penstock([]);
    expect(bare).toMatchObject({ code: 2, stdout: '' });
    expect(bare.stderr).toMatch(/^Usage: penstock \[options\] \[command\]/);
    const helps = await Promise.all(COMMANDS.slice(0, 2).map((command) => penstock([command, '--help'])));
    for (const help of helps) expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const command of COMMANDS) expect(bare.stderr).toMatch(new RegExp(`^ {2}${command} `, 'm'));
  });

  it.each([
    [
      ['get'],
      1,
      /^penstock: http:\/\/127\.0\.0\.1:1: no control plane answers there; is `penstock serve` running/,
    ],
    [['promote', 'fraud-v2'], 1, /^penstock: http:\/\/127\.0\.0\.1:1: no control plane answers there/],
    [['get', 'everything'], 2, /^penstock: .*Allowed choices are services, rollouts/],
    [['promote', 'a/b/c'], 2, /^penstock: .*give NAME, or NAMESPACE\/NAME/],
    [['explain', 'fraud'], 2, /^penstock: .*give rollout\/NAME/],
    [['frob'], 2, /^penstock: unknown command 'frob'/],
    [['wait', 'fraud-v2', '--timeout', 'long'], 2, /^penstock: .*give a duration/],
  ] as const)('%j is told in a line', async (args, code, said) => {
    const how = await penstock(args, { PENSTOCK_ADMIN: 'http://127.0.0.1:1' });
    expect(how).toMatchObject({ code, stdout: '' });
    expect(how.stderr).toMatch(said);
    expect(how.stderr).not.toMatch(/\n\s+at /);
    if (code === 1) expect(how.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('get', () => {
  it('shows everything, in columns', async () => {
    await phaseIs('Progressing');
    const { code, stdout, stderr } = await serve.command('get');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n').map((line) => line.replace(/ {2,}/g, '  '));
    expect(lines[0]).toMatch(/^Penstock \S+, up \d+s; 1 of 1 sidecars converged$/);
    expect(lines).toContain(
      'NAMESPACE  NAME  VERSION  WEIGHT  RPS  ERRORS  P99  ENDPOINTS  BREAKER  ROLLOUT  SPEC',
    );
    expect(stdout).toMatch(/^default +fraud +v2 +5 % .* 1 +CLOSED +fraud-v2 +ok$/m);
    expect(lines).toContain('default  fraud  per-client  source IP  100/s  200  enforced');
    expect(lines.find((line) => line.startsWith('client'))).toMatch(
      /^client {2}outbound {2}delta {2}yes {2}- {2}.*RDS:1.* {2}-$/,
    );
    for (const kind of KINDS) expect(lines).toContain(kind.toUpperCase());
  });

  it('gives JSON and YAML of each kind', async () => {
    const all = JSON.parse((await serve.command('get', '-o', 'json')).stdout);
    expect(Object.keys(all)).toEqual(['status', ...KINDS]);
    for (const kind of KINDS) expect(all[kind].length).toBeGreaterThan(0);
    const yaml = parse((await serve.command('get', 'rollouts', '-o', 'yaml')).stdout);
    expect(yaml).toMatchObject([{ name: 'fraud-v2', weight: 500, stable: 'v1', candidate: 'v2' }]);
  });

  it('--watch prints what changes, and ends by SIGINT', async () => {
    const watching = startPenstock(['get', 'services', '--watch'], { PENSTOCK_ADMIN: serve.adminUrl });
    await waitUntil('the first table', () => watching.stdout().includes('95 %'));
    await serve.post('baseline', { on: true });
    await waitUntil('the second table', () => watching.stdout().includes('100 %'));
    await serve.post('baseline', { on: false });
    watching.child.kill('SIGINT');
    expect(await watching.ended).toMatchObject({ signal: 'SIGINT', stderr: '' });
  });
});

describe('a rollout in the hands of people', () => {
  it('is explained, promoted, paused, resumed, aborted and tried again', async () => {
    const explained = await serve.command('explain', 'rollout/fraud-v2');
    expect(explained.code).toBe(0);
    expect(explained.stdout).toMatch(/^fraud-v2: Progressing at 5 %, v1 → v2\n/);
    expect(explained.stdout).toMatch(/^ {2}gate errors \[ErrorRate\]: /m);
    expect(explained.stdout).toMatch(/^ {4}read from load reports/m);
    expect(explained.stdout).toMatch(/ {2}Rollout\/default\/fraud-v2 {2}Step1 {2}by penstock$/m);
    expect(explained.stdout).toMatch(/^ {2}changed candidate 0 % → 5 %$/m);

    const does = async (action: string, phase: string, weight: number) => {
      const how = await serve.command(action, 'fraud-v2');
      expect(how).toMatchObject({ code: 0, stdout: '', stderr: `fraud-v2: ${action} is in force\n` });
      await phaseIs(phase);
      expect((await rollout())?.weight).toBe(weight);
    };
    await does('promote', 'Progressing', 2500);
    await does('pause', 'Paused', 2500);
    expect(await serve.command('pause', 'fraud-v2')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'penstock: fraud-v2: the rollout is Paused: there is nothing to pause\n',
    });
    expect(await serve.command('wait', 'fraud-v2', '--for', 'paused', '--timeout', '5s')).toMatchObject({
      code: 0,
    });
    const timedOut = await serve.command('wait', 'fraud-v2', '--timeout', '500ms');
    expect(timedOut).toMatchObject({ code: 4, stdout: '' });
    expect(timedOut.stderr).toMatch(/timed out; Paused: /);
    await does('resume', 'Progressing', 2500);
    await does('abort', 'RolledBack', 0);
    const ended = await serve.command('wait', 'fraud-v2', '--for', 'completed', '-o', 'json');
    expect(ended.code).toBe(3);
    expect(JSON.parse(ended.stdout)).toMatchObject({ phase: 'RolledBack', weight: 0 });
    expect(await serve.command('wait', 'fraud-v2', '--for', 'rolled-back')).toMatchObject({ code: 0 });
    await does('retry', 'Progressing', 500);
  });

  it.each([
    [['promote', 'nobody'], 'penstock: there is no rollout default/nobody\n'],
    [['retry', 'default/fraud-v2'], /^penstock: fraud-v2: the rollout is \w+: only a rolled-back rollout/],
    [['explain', 'rollout/nobody'], /^penstock: Rollout\/default\/nobody: there is no such thing/],
    [
      ['wait', 'nobody', '--timeout', '5s'],
      /^penstock: nobody: no such rollout; `penstock get rollouts` lists them/,
    ],
  ] as const)('%j is refused in a line', async (args, said) => {
    const how = await serve.command(...args);
    expect(how).toMatchObject({ code: 1, stdout: '' });
    expect(how.stderr).toEqual(typeof said === 'string' ? said : expect.stringMatching(said));
    expect(how.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('explain', () => {
  it('tells how a thing stands of which nothing was decided', async () => {
    const { code, stdout } = await serve.command('explain', 'breaker/fraud');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^fraud: CLOSED, admits 100 %\n/);
    expect(stdout).toContain('nothing was decided yet');
  });

  it('tells of a rollout that is no longer in the specs', async () => {
    replaceFile(
      file,
      SPECS.split('---\n')
        .filter((each) => !each.includes('ModelRollout'))
        .join('---\n'),
    );
    await waitUntil('it is gone', async () => (await rollout()) === undefined);
    const { code, stdout } = await serve.command('explain', 'rollout/fraud-v2', '-o', 'json');
    expect(code).toBe(0);
    const { rollout: standing, decisions } = JSON.parse(stdout);
    expect(standing).toBeUndefined();
    expect(decisions).toHaveLength(5);
  });
});
