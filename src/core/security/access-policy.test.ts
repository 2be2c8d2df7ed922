import { describe, expect, it } from 'vitest';
import { includesNode, includesService, parseAccessPolicy, scopeOf } from './access-policy.ts';

const FRAUD = 'spiffe://mesh.example/ns/default/sa/fraud';

describe('a policy', () => {
  it('allows an identity what all rules for it allow together, and others nothing', () => {
    const policy = parseAccessPolicy(
      'p.yaml',
      `rules:
- {identity: ${FRAUD}, serves: [default/fraud]}
- {identity: 'spiffe://mesh.example/ns/*/sa/fraud', calls: [default/ranker], nodes: [fraud-*]}
`,
    );
    expect(scopeOf(policy, FRAUD)).toMatchObject({
      serves: ['default/fraud'],
      calls: ['default/ranker'],
      nodes: ['*', 'fraud-*'],
    });
    expect(scopeOf(policy, 'spiffe://mesh.example/ns/b/sa/fraud')).toMatchObject({
      serves: [],
      nodes: ['fraud-*'],
    });
    expect(scopeOf(policy, 'spiffe://mesh.example/ns/b/sa/other')).toBeUndefined();
  });

  it.each([
    ['', 'p.yaml: holds nothing; one is needed, with rules'],
    ['rules: []', 'p.yaml:1: rules: '],
    ['rule: []', 'p.yaml:1: rule: unknown field "rule"; did you mean "rules"'],
    ['rules: [{identity: https://mesh/a}]', 'p.yaml:1: rules[0].identity: '],
    ['rules: [{identity: spiffe://*/a}]', 'p.yaml:1: rules[0].identity: '],
    [`rules:\n- {identity: ${FRAUD}, calls: [fraud]}`, 'p.yaml:2: rules[0].calls[0]: '],
    ['rules: [', 'p.yaml:1: '],
  ])('%j is refused with its place', (text, message) => {
    expect(() => parseAccessPolicy('p.yaml', text)).toThrow(message);
  });
});

it.each([
  [['default/fraud'], 'default/fraud', true],
  [['default/*'], 'default/fraud', true],
  [['*/*'], 'default/fraud', true],
  [['*/fraud'], 'default/fraud', true],
  [['default/fraud'], 'default/fraud2', false],
  [['other/*'], 'default/fraud', false],
  [[], 'default/fraud', false],
])('services %j include %s: %s', (patterns, service, expected) =>
  expect(includesService(patterns, service)).toBe(expected),
);

it.each([
  [['*'], 'a', true],
  [['fraud-*'], 'fraud-1', true],
  [['fraud-*'], 'ranker-1', false],
  [['fraud'], 'fraud-1', false],
])('nodes %j include %s: %s', (patterns, node, expected) =>
  expect(includesNode(patterns, node)).toBe(expected),
);
