import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTargets, problemOf, snippetsOf } from './command-lines.ts';
import { shellCommands } from './shell-words.ts';

const ROOT = dirname(dirname(import.meta.dirname));
const targets = makeTargets('test: setup ## tests\nrun := x\ne2e-kube: setup\n');

describe('the commands of a script', () => {
  it.each([
    [
      'penstock get; penstock get limits',
      [
        ['penstock', 'get'],
        ['penstock', 'get', 'limits'],
      ],
    ],
    ['a \\\n  b # words', [['a', 'b']]],
    ['a "b c" \'d e\' f\\ g', [['a', 'b c', 'd e', 'f g']]],
    ['a > file 2>&1 | b < in && c', [['a'], ['b'], ['c']]],
    [
      'T=$(penstock token list) a "$(b c)"',
      [
        ['penstock', 'token', 'list'],
        ['b', 'c'],
        ['T=$()', 'a', '$()'],
      ],
    ],
    [
      'source <(penstock completion bash)',
      [
        ['penstock', 'completion', 'bash'],
        ['source', '<()'],
      ],
    ],
  ])('%j', (script, commands) => {
    const shown = commands.map((words) => words.map((word) => word.replace('<()', '$()')));
    expect(shellCommands(script)).toEqual(shown);
  });
});

describe('a command line of a document', () => {
  it.each([
    ['bin/penstock get rollouts -o yaml'],
    ['PENSTOCK_TOKEN=x penstock pause fraud-v2'],
    ['penstock wait fraud-v2 --for completed --timeout 2h'],
    ['penstock serve --xds-workers N'],
    ['penstock audit verify --expect 1204:9f7f…'],
    ['kubectl penstock promote fraud-v2 -n shop'],
    ['kubectl get pods'],
    ['model-server --model-repository models --model digits:v1'],
    ["make test ARGS='src/core/stats'"],
  ])('%j is understood', async (script) => {
    for (const command of shellCommands(script))
      expect(await problemOf(command, false, targets, ROOT)).toBeUndefined();
  });

  it.each([
    ['penstock frob', /unknown command 'frob'/],
    ['penstock get --frob', /unknown option '--frob'/],
    ['penstock get all', /Allowed choices are/],
    ['penstock check', /required option '-f, --file <path>' not specified/],
    ['penstock wait x --timeout soon', /give a duration/],
    ['kubectl penstock serve', /unknown command 'serve'/],
    ['model-server --frob 1', /unknown option/],
    ['make nothing', /there is no target nothing/],
    ['make test ARGS=src/core/nothing', /there is no src\/core\/nothing/],
  ])('%j is not', async (script, problem) => {
    const [command = []] = shellCommands(script);
    expect(await problemOf(command, false, targets, ROOT)).toMatch(problem);
  });

  it('may be named in a sentence without all that it needs', async () => {
    expect(await problemOf(['penstock', 'check'], true, targets, ROOT)).toBeUndefined();
    expect(await problemOf(['penstock', 'get', '--frob'], true, targets, ROOT)).toMatch(/unknown option/);
  });
});

it('commands are found in blocks and in sentences, with their lines', () => {
  const markdown =
    'Run `penstock get -w`, or\n\n```console\n$ penstock get all\npenstock: no\n$ make test\n1 passed\n```\n\n`--help`, `penstock`';
  expect(snippetsOf(markdown)).toEqual([
    { script: 'make test', line: 4, mention: false },
    { script: 'penstock get -w', line: 1, mention: true },
  ]);
});
