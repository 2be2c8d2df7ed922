import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accept } from './checker.ts';
import { checkImports } from './imports.ts';

const imports = (...paths: readonly string[]): string => paths.map((path) => `import '${path}';\n`).join('');
const importsType = (path: string): string =>
  `import type { value } from '${path}';\nexport type V = typeof value;\n`;
const LEAF = 'export const value: number = 1;\n';

/** The rooms of a small project in which every rule is broken once, and by whom. */
const PLANTED: readonly (readonly [path: string, text: string, broken: string | undefined])[] = [
  ['cmd/penstock/main.ts', imports('../../src/app/wiring.ts'), undefined],
  ['cmd/penstock/shortcut.ts', imports('../../src/xds/serve.ts'), 'programs-start-rooms'],
  ['src/app/wiring.ts', imports('../xds/serve.ts', '../signals/fetch.ts', '../cli/get.ts'), undefined],
  ['src/app/harness.ts', imports('../../bench/load.ts'), 'source-knows-no-harness'],
  ['src/xds/serve.ts', imports('node:net', '../core/delta/diff.ts', '../gen/api.js'), undefined],
  ['src/xds/serve.test.ts', imports('../app/wiring.ts', './serve.ts'), undefined],
  ['src/xds/nosy.ts', imports('../signals/fetch.ts'), 'adapters-are-strangers'],
  ['src/signals/fetch.ts', imports('node:http'), undefined],
  ['src/signals/upward.ts', imports('../app/wiring.ts'), 'adapters-are-strangers'],
  ['src/controller/loop.ts', imports('../core/api/kind.ts'), undefined],
  ['src/controller/wired.ts', imports('../xds/serve.ts'), 'controller-knows-ports'],
  ['src/cli/get.ts', imports('../core/api/kind.ts', 'node:https'), undefined],
  ['src/cli/inside.ts', imports('../controller/loop.ts'), 'cli-talks-http'],
  ['src/dashboard/page.tsx', imports('../admin/wire.ts'), undefined],
  ['src/dashboard/server-side.tsx', imports('../admin/serve.ts'), 'dashboard-knows-the-wire'],
  ['src/admin/wire.ts', imports('../core/api/kind.ts'), undefined],
  ['src/admin/serve.ts', imports('./wire.ts'), undefined],
  ['src/core/api/kind.ts', imports('zod'), undefined],
  ['src/core/api/kind.test.ts', imports('node:fs', './kind.ts'), undefined],
  ['src/core/api/logging.ts', imports('pino'), 'core-needs-little'],
  ['src/core/api/connected.ts', imports('../../xds/serve.ts'), 'core-stays-inside'],
  ['src/core/api/typed.ts', importsType('../../signals/fetch.ts'), 'core-stays-inside'],
  ['src/core/api/message.ts', imports('../../gen/api.js'), 'messages-only-in-translation'],
  ['src/core/translate/route.ts', imports('../../gen/api.js'), undefined],
  ['src/core/delta/diff.ts', imports('../api/kind.ts'), undefined],
  ['src/core/delta/file.ts', imports('node:fs'), 'core-does-no-io'],
  ['src/core/delta/chance.ts', imports('node:timers'), 'core-does-no-io'],
  ['src/core/delta/content.ts', imports('node:crypto'), undefined],
  ['src/core/delta/one.ts', imports('./two.ts'), undefined],
  ['src/core/delta/two.ts', importsType('./one.ts'), 'no-circle'],
  ['src/core/policy/rollout/step.ts', imports('../weight.ts'), undefined],
  ['src/core/policy/breaker/trip.ts', imports('../rollout/step.ts'), 'policies-are-strangers'],
  ['src/core/policy/weight.ts', LEAF, undefined],
  [
    'src/core/policy/capacity/using.ts',
    "export async function f(): Promise<void> {\n  await using a = await import('../rollout/step.ts');\n}\n",
    'policies-are-strangers',
  ],
  ['src/core/alone.ts', LEAF, 'no-orphan'],
  ['src/core/riddle.ts', imports('./nowhere.ts'), 'no-riddle'],
  ['bench/load.ts', imports('../src/xds/serve.ts'), undefined],
];

const AROUND: readonly (readonly [path: string, text: string])[] = [
  ['src/gen/api.js', 'export {};\n'],
  ['package.json', JSON.stringify({ type: 'module', dependencies: { pino: '1', zod: '1' } })],
  ...['pino', 'zod'].flatMap((name): readonly (readonly [string, string])[] => [
    [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
    [`node_modules/${name}/index.js`, 'module.exports = {};\n'],
  ]),
];

let root: string;
let lines: readonly string[];
let filesRead: number;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'penstock-imports-'));
  for (const [path, text] of [...PLANTED, ...AROUND]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const finding = await checkImports(
    root,
    PLANTED.map(([path]) => path),
  );
  lines = finding.problems.split('\n');
  filesRead = finding.filesRead;
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('a planted violation is found, and nothing else', () => {
  test.each(PLANTED)('%s', (path, _text, broken) => {
    const mine = lines.filter((line) => line.startsWith(`${path} →`) || line.startsWith(`${path}:`));
    const rules = mine.map((line) => line.split(': ')[1]);
    // A circle is reported at one of its modules, whichever comes first.
    if (broken === 'no-circle') expect(lines.join('\n')).toContain('no-circle');
    else expect(rules.filter((rule) => rule !== 'no-circle')).toEqual(broken === undefined ? [] : [broken]);
  });

  test('in every module that there is', () => {
    expect(filesRead).toBe(PLANTED.length);
  });
});

test('reading nothing is a failure, not a pass', async () => {
  const empty = await checkImports(root, ['nothing/a.ts']);
  expect(accept(empty, 1).problems).not.toBe('');
  expect(accept({ filesRead: 0, problems: '' }, 2).problems).toMatch(/^read 0 files where there are 2/);
});
