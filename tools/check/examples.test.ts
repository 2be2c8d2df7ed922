import { describe, expect, it } from 'vitest';
import { codeBlocks, inlineCode } from './code-blocks.ts';
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
    ['a part that names its kind', 'kind: TrafficPolicy\nspec: {scaling: {requestsPerSecondPerReplica: 5}}'],
    ["somebody else's", 'scrape_configs: []'],
    ["somebody else's object", 'apiVersion: v1\nkind: Pod\nspec: {}'],
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
    [
      'a part of another kind than it says',
      'kind: ModelRollout\nspec: {port: 9000}',
      /as a part of a ModelRollout: .*port/,
    ],
    ['a part of nothing', 'scalling: {minReplicas: 3}', /^a\.md:10: as a part of a \w+: .*scalling/],
    ['a list of something', '- {name: v1}', /^a\.md:10: is neither an object nor a part of a spec/],
    ['no YAML', 'a: [', /^a\.md:10: /],
  ])('%s is found', (_, yaml, expected) => {
    expect(problemsOf(yaml)[0]).toMatch(expected);
  });
});
