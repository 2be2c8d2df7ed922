import { describe, expect, it } from 'vitest';
import { parseFile, parseObject } from './parse.ts';
import { formatProblem } from './problem.ts';
import { longestText } from './yaml-source.ts';

const service = (name: string) => `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: ${name}}
spec: {port: 9000, versions: [{name: v1, endpoints: {static: [{address: 10.0.0.1, port: 1}]}}]}
`;
const problems = (text: string) => parseFile('f.yaml', text).problems.map(formatProblem);

describe('a text', () => {
  it('may hold several documents, comments and empty ones', () => {
    const { objects, problems } = parseFile(
      'f.yaml',
      `# top\n---\n${service('a')}---\n# none\n---\n${service('b')}---\n`,
    );
    expect(problems).toEqual([]);
    expect(objects.map(({ object, position }) => [object.metadata.name, position.line])).toEqual([
      ['a', 3],
      ['b', 10],
    ]);
  });

  it('may be JSON', () => {
    const value = {
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'MetricTemplate',
      metadata: { name: 'm' },
      spec: { query: 'up' },
    };
    expect(parseFile('f.json', JSON.stringify(value, undefined, '\t')).objects).toHaveLength(1);
  });

  it('may use anchors and merge keys, and a problem within points at the anchored text', () => {
    const text = `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: a}
spec:
  port: 9000
  versions:
  - &v {name: v1, endpoints: {static: [{address: 10.0.0.1, port: 0}]}}
  - {<<: *v, name: v2}
`;
    expect(problems(text)).toEqual([
      'f.yaml:7: spec.versions[0].endpoints.static[0].port: is 0; at least 1',
      'f.yaml:8: spec.versions[1].endpoints.static[0].port: is 0; at least 1',
    ]);
  });

  it.each([
    ['nothing', '', 'f.yaml:1: (document): holds no object; at least one, or no file'],
    ['only comments', '# a\n---\n', 'f.yaml:1: (document): holds no object; at least one, or no file'],
    ['a list', '- a\n', 'f.yaml:1: (document): is a list; a map with apiVersion, kind, metadata and spec'],
    ['a word', 'word\n', 'f.yaml:1: (document): is "word"; a map with apiVersion, kind, metadata and spec'],
  ])('with %s is refused', (_, text, message) => {
    expect(problems(text)).toEqual([message]);
  });

  it('with a syntax error says the line, and the other documents are read all the same', () => {
    const { objects, problems, complete } = parseFile('f.yaml', `${service('a')}---\nkind: [a\nb: c\n`);
    expect(problems[0]).toMatchObject({
      severity: 'error',
      line: 7,
      path: '(document)',
      hint: 'valid YAML or JSON',
    });
    expect(objects).toHaveLength(1);
    expect(complete).toBe(false);
  });

  it('with a tab for indentation says so', () => {
    expect(problems('kind: A\nspec:\n\tport: 1\n')[0]).toMatch(/^f\.yaml:3: \(document\): .*tab/i);
  });

  it('with a field given twice names the second, and still finds the rest', () => {
    expect(problems(`${service('a').replace('port: 9000', 'port: 9000, port: 9001, hots: []')}`)).toEqual([
      'f.yaml:4: spec.port: the field "port" is given twice; each field once',
      'f.yaml:4: spec.hots: unknown field "hots"; did you mean "hosts"',
    ]);
  });

  it('with aliases that expand without bound is refused at once', () => {
    const levels = Array.from(
      { length: 30 },
      (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}*a${n}]`,
    );
    expect(problems(`a0: &a0 [x]\n${levels.join('\n')}\n`)).toEqual([
      'f.yaml:1: (document): has aliases that expand too far or lead nowhere; anchors that are defined before, and few of them',
    ]);
  });

  it('with an alias to nothing is refused', () => {
    expect(problems('kind: *nowhere\n')[0]).toMatch(/^f\.yaml:1: \(document\): .*alias/i);
  });

  it('nested absurdly deep is refused', () => {
    expect(problems('['.repeat(20_000))[0]).toContain('nested too deeply');
  });

  it('of absurd length is refused unread', () => {
    expect(problems(' '.repeat(longestText + 1))[0]).toContain('characters long; at most');
  });

  it('with thousands of fields is judged in linear time', () => {
    const labels = Array.from({ length: 5_000 }, (_, n) => `    l${n}: x`).join('\n');
    const text = service('a').replace('metadata: {name: a}', `metadata:\n  name: a\n  labels:\n${labels}`);
    expect(parseFile('f.yaml', text).objects).toHaveLength(1);
  });
});

describe('an object', () => {
  it.each([
    [
      'no kind',
      { apiVersion: 'penstock.dev/v1alpha1' },
      ['kind: is missing; one of ModelService, ModelRollout, TrafficPolicy, MetricTemplate'],
    ],
    [
      'a near kind',
      { apiVersion: 'penstock.dev/v1alpha1', kind: 'ModelServcie' },
      ['kind: is "ModelServcie"; did you mean "ModelService"'],
    ],
    [
      'a foreign kind',
      { apiVersion: 'v1', kind: 'ConfigMap' },
      [
        'apiVersion: is "v1"; "penstock.dev/v1alpha1"',
        'kind: is "ConfigMap"; one of ModelService, ModelRollout, TrafficPolicy, MetricTemplate',
      ],
    ],
    [
      'a kind of the language',
      { apiVersion: 'penstock.dev/v1alpha1', kind: 'constructor' },
      ['kind: is "constructor"; one of ModelService, ModelRollout, TrafficPolicy, MetricTemplate'],
    ],
  ])('with %s is refused', (_, value, expected) => {
    const outcome = parseObject(value);
    const findings = 'findings' in outcome ? outcome.findings : [];
    expect(findings.map(({ path, message, hint }) => `${path.join('.')}: ${message}; ${hint}`)).toEqual(
      expected,
    );
  });
});
