import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheRoot, compareVersions, findTool, ToolMissing } from './toolchain.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-toolchain-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** An executable that says what the real one says for `--version`. */
function plant(path: string, says: string): string {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(full, 0o755);
  return full;
}

const ENVOY_1_40 = 'envoy  version: 93f8a1d2e4c5/1.40.0/Clean/RELEASE/BoringSSL';

describe('the cache folder', () => {
  test.each([
    [{ PENSTOCK_CACHE: '/c', XDG_CACHE_HOME: '/x', HOME: '/h' }, '/c'],
    [{ XDG_CACHE_HOME: '/x', HOME: '/h' }, '/x/penstock'],
    [{ HOME: '/h' }, '/h/.cache/penstock'],
  ])('%o → %s', (env, expected) => {
    expect(cacheRoot(env)).toBe(expected);
  });
});

describe('findTool', () => {
  test('takes the newest acceptable version of the cache', () => {
    plant('cache/envoy-1.35.9/bin/envoy', '');
    plant('cache/envoy-1.36.4/bin/envoy', '');
    const newest = plant('cache/envoy-1.40.0/bin/envoy', '');
    plant('cache/envoy-1.40.0.partial/bin/envoy', '');
    expect(findTool('envoy', { PENSTOCK_CACHE: join(folder, 'cache'), PATH: '' })).toEqual({
      path: newest,
      version: '1.40.0',
    });
  });

  test('prefers what the variable names', () => {
    plant('cache/envoy-1.40.1/bin/envoy', '');
    const mine = plant('mine/envoy', ENVOY_1_40);
    const env = { PENSTOCK_CACHE: join(folder, 'cache'), PENSTOCK_ENVOY: mine };
    expect(findTool('envoy', env)).toEqual({ path: mine, version: '1.40.0' });
  });

  test('falls back to PATH', () => {
    const path = plant('bin/prometheus', 'prometheus, version 2.42.0+ds (branch: debian/sid)');
    const env = { PENSTOCK_CACHE: join(folder, 'none'), PATH: `/nowhere:${join(folder, 'bin')}` };
    expect(findTool('prometheus', env)).toEqual({ path, version: '2.42.0' });
  });

  test('takes the promtool beside a Prometheus that is named', () => {
    plant('mine/prometheus', 'prometheus, version 3.1.0');
    const promtool = plant('mine/promtool', 'promtool, version 3.1.0');
    const env = { PENSTOCK_CACHE: folder, PENSTOCK_PROMETHEUS: join(folder, 'mine/prometheus') };
    expect(findTool('promtool', env)).toEqual({ path: promtool, version: '3.1.0' });
  });

  test('knows Chromium by each of its names', () => {
    const path = plant('bin/chromium-browser', 'Chromium 156.0.1.2 built on Debian');
    expect(findTool('chromium', { PENSTOCK_CACHE: folder, PATH: join(folder, 'bin') })).toEqual({
      path,
      version: '156.0.1.2',
    });
  });
});

describe('a tool that is missing says what would help', () => {
  test('when it is nowhere', () => {
    const find = () => findTool('envoy', { PENSTOCK_CACHE: folder, PATH: '' });
    expect(find).toThrow(ToolMissing);
    expect(find).toThrow(
      `envoy: not found in ${folder} nor on PATH; run \`make setup\`, or set PENSTOCK_ENVOY=/path/to/envoy (1.36 or newer)`,
    );
  });

  test('when the variable names no executable', () => {
    expect(() => findTool('envoy', { PENSTOCK_ENVOY: join(folder, 'nothing') })).toThrow(
      /^envoy: PENSTOCK_ENVOY: .*nothing is no executable file; /,
    );
  });

  test('when the variable names one that is too old', () => {
    const old = plant('envoy', 'envoy  version: abc/1.30.1/Clean/RELEASE/BoringSSL');
    expect(() => findTool('envoy', { PENSTOCK_ENVOY: old })).toThrow(/is 1\.30\.1, older than 1\.36; /);
  });

  test('when the variable names something else', () => {
    const other = plant('envoy', 'hello');
    expect(() => findTool('envoy', { PENSTOCK_ENVOY: other })).toThrow(/--version names no version; /);
  });
});

test.each([
  ['1.9.0', '1.10.0', -1],
  ['2.42', '2.42.0', 0],
  ['24.21.0', '24.3', 1],
])('compareVersions(%s, %s)', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
});
