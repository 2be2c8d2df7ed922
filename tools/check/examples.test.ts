import { Argument, Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { codeBlocks, inlineCode } from './code-blocks.ts';
import { callProblems, commandLines, makeProblems } from './command-examples.ts';
import { specProblems } from './spec-examples.ts';

const problemsOf = (yaml: string) => specProblems('a.md', { language: 'yaml', line: 10, text: yaml });

describe('blocks of a document', () => {
  it('have their language, their line, and no indentation of a list', () => {
    expect(codeBlocks('text\n```yaml\na: 1\n```\n- item\n  ```\n  b\n    c\n  ```\n')).toEqual([
      { language: 'yaml', line: 3, text: 'a: 1\n' },
      { language: '', line: 7, text: 'b\n  c\n' },
    ]);
  });

  it('are not looked into for inline code', () => {
    expect(inlineCode('`a` and `b c`\n```\n`d`\n```\n`e`')).toEqual([
      { line: 1, text: 'a' },
      { line: 1, text: 'b c' },
      { line: 5, text: 'e' },
    ]);
  });
});

describe('YAML of the documents', () => {
  const service = 'apiVersion: penstock.dev/v1alpha1\nkind: ModelService\nmetadata: {name: a}\nspec:\n';
  const versions = '  versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: 1}]}}]\n';
  const target =
    'apiVersion: penstock.dev/v1alpha1\nkind: TrafficPolicy\nmetadata: {name: a}\nspec:\n  targetRef: {name: b}\n';

  it.each([
    ['a whole object', `${service}  port: 9000\n${versions}`],
    ['one that refers to what is not shown', target],
    ['a part of a service', 'stickiness: [{header: x-user-id}]'],
    ['a part of a rollout', 'analysis: {metrics: [{name: errors, type: ErrorRate}]}'],
    ['a part of a policy', 'scaling: {requestsPerSecondPerReplica: 500}'],
    ["somebody else's", 'scrape_configs: []'],
    ['two documents of somebody else', 'jobs: {}\n---\nrules: []'],
  ])('%s is right', (_, yaml) => {
    expect(problemsOf(yaml)).toEqual([]);
  });

  it.each([
    [
      'an unknown field, with its line',
      `${service}  prot: 9000\n${versions}`,
      /^a\.md:1\d: spec.*did you mean "port"/,
    ],
    [
      'a second object of the same name',
      `${target}---\n${target}`,
      /^a\.md:18: metadata\.name: there is another/,
    ],
    [
      'a part with an unknown field',
      'scaling: {requestsPerSecondPerReplica: 5, replicas: 3}',
      /^a\.md:10: as a part of a TrafficPolicy: .*replicas/,
    ],
    ['a part of nothing', 'scalling: {minReplicas: 3}', /^a\.md:10: as a part of a \w+: .*scalling/],
    ['a list of something', '- {name: v1}', /^a\.md:10: is neither an object nor a part of a spec/],
    ['no YAML', 'a: [', /^a\.md:10: /],
  ])('%s is found', (_, yaml, expected) => {
    expect(problemsOf(yaml)[0]).toMatch(expected);
  });
});

describe('commands of the documents', () => {
  const get = new Command('get')
    .addArgument(new Argument('[kind]').choices(['services']))
    .option('-o, --output <f>');
  const program = new Command('penstock')
    .version('1')
    .addCommand(get)
    .addCommand(new Command('token').addCommand(new Command('create').argument('<name>')));
  const calls = (text: string) => callProblems(text, new Map([['penstock', program]]));

  it('are the lines of shell, and what follows a prompt', () => {
    const block = { line: 5, text: '$ penstock get \\\n  -o json\nNAME\n$ ls\n' };
    expect(commandLines({ ...block, language: 'console' }).map(({ line }) => line)).toEqual([6, 8]);
    expect(commandLines({ ...block, language: 'yaml' })).toEqual([]);
    expect(commandLines({ ...block, language: 'sh' })).toHaveLength(4);
  });

  it.each([
    'penstock get services -o json | jq .',
    'A=b bin/penstock get --output=json > file   # penstock nothing',
    'penstock get KIND',
    'penstock token create ada',
    'penstock --version',
    'penstock get --help',
    'penstock get: this is what it says',
    'curl https://penstock/nothing',
    'install penstock somewhere',
  ])('%s is right', (text) => {
    expect(calls(text)).toEqual([]);
  });

  it.each([
    ['penstock show', 'penstock has no command "show"'],
    ['x=$(penstock get --all)', 'penstock get has no option --all'],
    ['penstock get pods', 'penstock get takes services, and not "pods"'],
    ['penstock token make ada', 'penstock token has no command "make"'],
    ['ls && penstock get -x', 'penstock get has no option -x'],
  ])('%s is found', (text, problem) => {
    expect(calls(text)).toEqual([problem]);
  });

  it('of make are targets, benchmarks and tests that are there', () => {
    const root = new URL('../..', import.meta.url).pathname;
    const makes = (text: string) => makeProblems(text, root, 'bench: x\n\ttrue\ne2e:\n');
    expect(makes("see `make bench BENCH=xds ARGS='--full'`, make e2e ARGS=e2e/kube")).toEqual([]);
    expect(makes('make shine; make bench BENCH=nothing; make e2e ARGS=e2e/nothing')).toEqual([
      'make has no target shine',
      'there is no benchmark nothing',
      'there is no e2e/nothing',
    ]);
  });
});
