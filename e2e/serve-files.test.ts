import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceStatus } from '../src/core/status/status.ts';
import { waitUntil } from '../src/demo/wait-until.ts';
import { replaceFile, Serve, temporaryFolder } from './penstock-process.ts';
import { ROLLOUT, SPECS, serviceSpec } from './sample-specs.ts';

/** "In force within a second", and what it takes to ask. */
const SOON = { timeoutMs: 1500, everyMs: 20 };

const folder = temporaryFolder();
const file = join(folder.path, 'specs.yaml');
let serve: Serve;

beforeAll(async () => {
  writeFileSync(file, SPECS);
  serve = await Serve.start(['-f', file, '--state', join(folder.path, 'state')]);
});
beforeEach(async () => {
  replaceFile(file, SPECS);
  await waitUntil(
    'the first specs are in force',
    async () => (await namesOf()) === 'fraud' && (await isValid()),
  );
});
afterEach(() => {
  // What people read is on stderr, every line of it JSON.
  expect(serve.stdout).toBe('');
  expect(serve.log.length).toBeGreaterThan(0);
});
afterAll(async () => {
  await serve.stop();
  folder.remove();
});

const services = () => serve.api<readonly ServiceStatus[]>('services');
const namesOf = async () => (await services()).map(({ name }) => name).join(' ');
const weights = async () => (await services())[0]?.versions.map(({ weight }) => weight);
const isValid = async () => (await serve.metric('penstock_specs_valid')) === 1;

describe('a file that becomes bad', () => {
  it.each([
    ['a field that nobody knows', SPECS.replace('stable: v1', 'stabel: v1'), 'spec.stabel: unknown field'],
    ['no YAML', 'kind: [', 'specs.yaml:'],
    ['nothing', '', 'specs.yaml'],
  ])(
    'with %s leaves the last good configuration in force, says so, and recovers',
    async (_, text, problem) => {
      replaceFile(file, text);
      await waitUntil('it is refused', async () => !(await isValid()), SOON);
      expect(await weights()).toEqual([9500, 500]);
      expect((await serve.status()).specs.problems.join('\n')).toContain(problem);
      const refused = 'the edited specs are not valid; the last good ones stay in force';
      expect(serve.log.filter(({ msg }) => msg === refused).at(-1)?.problems).toEqual(
        (await serve.status()).specs.problems,
      );

      replaceFile(file, SPECS);
      await waitUntil('the mended file is in force', isValid, SOON);
      expect((await serve.status()).specs.problems).toEqual([]);
    },
  );

  it('is shown by get', async () => {
    replaceFile(file, SPECS.replace('stable: v1', 'stabel: v1'));
    await waitUntil('it is refused', async () => !(await isValid()), SOON);
    const table = await serve.command('get');
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).toMatch(
      /^SPECS NOT IN FORCE, the last good configuration is:\n {2}\S+:\d+: spec\.stabel: unknown field/m,
    );
    expect(table.stdout).toContain('edited file not in force');
    const json = JSON.parse((await serve.command('get', '-o', 'json')).stdout);
    expect(json.status.specs.problems).toEqual([expect.stringContaining('spec.stabel')]);
  });

  it('and one that is gone, too', async () => {
    rmSync(file);
    await waitUntil('it is missed', async () => !(await isValid()), SOON);
    expect(await weights()).toEqual([9500, 500]);
    expect((await serve.status()).specs.problems).toEqual([
      `${file}: cannot be read: no such file or directory`,
    ]);
    replaceFile(file, SPECS);
    await waitUntil('it is back', isValid, SOON);
  });
});

describe('a changed file is in force within a second', () => {
  const two = [SPECS, serviceSpec('lite')].join('---\n');

  it.each([
    ['replaced by a rename', (text: string) => replaceFile(file, text)],
    ['written in place', (text: string) => writeFileSync(file, text)],
  ])('when it is %s', async (_, write) => {
    write(two);
    await waitUntil('the second service is there', async () => (await namesOf()) === 'fraud lite', SOON);
    write(SPECS);
    await waitUntil('a removed service is gone', async () => (await namesOf()) === 'fraud', SOON);
  });

  it('when a rollout is removed, and begins anew when it comes back', async () => {
    replaceFile(file, serviceSpec());
    await waitUntil('all traffic is stable', async () => String(await weights()) === '10000,0', SOON);
    replaceFile(file, [serviceSpec(), ROLLOUT].join('---\n'));
    await waitUntil('the rollout is back', async () => String(await weights()) === '9500,500', SOON);
  });

  it('at once with SIGHUP', async () => {
    const before = (await serve.status()).specs.loadedAt;
    serve.signal('SIGHUP');
    await waitUntil('they are read again', async () => (await serve.status()).specs.loadedAt > before, SOON);
    expect(await isValid()).toBe(true);
  });
});
