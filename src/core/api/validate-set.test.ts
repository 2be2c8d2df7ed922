import { describe, expect, it } from 'vitest';
import { readSpecs } from './read-specs.ts';

const object = (kind: string, name: string, spec: string) =>
  `apiVersion: penstock.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec:\n  ${spec}\n---\n`;
const service = (name: string, more = '', versions = 'v1: 1, v2: 2') => {
  const list = versions.split(', ').map((pair) => {
    const [version, port] = pair.split(': ');
    return `{name: ${version}, endpoints: {static: [{address: 10.0.0.1, port: ${port}}]}}`;
  });
  return object('ModelService', name, `port: 9000\n  versions: [${list.join(', ')}]\n  ${more}`);
};
const rollout = (name: string, target: string, more = '', strategy = 'linear: {}') =>
  object(
    'ModelRollout',
    name,
    `targetRef: {name: ${target}}\n  stable: v1\n  candidate: v2\n  strategy: {${strategy}}\n  ${more}`,
  );
const policy = (name: string, target: string, more = '') =>
  object('TrafficPolicy', name, `targetRef: {name: ${target}}\n  ${more}`);
const template = (name: string, spec: string) => object('MetricTemplate', name, spec);
const metric = (text: string) => `analysis: {metrics: [${text}]}`;

function problemsOf(...texts: string[]): string[] {
  return readSpecs([{ file: 'f', text: texts.join('') }]).problems.map(
    (it) =>
      `${it.line}: ${it.path}: ${it.severity === 'warning' ? 'warning: ' : ''}${it.message}; ${it.hint}`,
  );
}

type Case = readonly [what: string, objects: readonly string[], problems: readonly string[]];

describe('a set', () => {
  const cases: readonly Case[] = [
    ['of a service, a rollout and a policy', [service('a'), rollout('r', 'a'), policy('p', 'a')], []],
    [
      'with two objects of a name',
      [service('a'), service('a', 'hosts: [b]')],
      ['11: metadata.name: there is another ModelService "a" in namespace "default"; a name of its own'],
    ],
    [
      'with two services of a host',
      [service('a', 'hosts: [h]'), service('b', 'hosts: [g, h]')],
      ['15: spec.hosts[1]: "h" is a host of ModelService "a" already; a host of its own'],
    ],
    [
      "with a host that is another's default",
      [service('a'), service('b', 'hosts: [a.default.svc.cluster.local]')],
      [
        '15: spec.hosts[0]: "a.default.svc.cluster.local" is a host of ModelService "a" already; a host of its own',
      ],
    ],
    [
      'with two rollouts on a service',
      [service('a'), rollout('r', 'a'), rollout('q', 'a')],
      ['23: spec.targetRef.name: ModelService "a" has the rollout "r" already; one rollout a service'],
    ],
    [
      'with two policies on a service',
      [service('a'), policy('p', 'a'), policy('q', 'a')],
      ['20: spec.targetRef.name: ModelService "a" has the policy "p" already; one policy a service'],
    ],
    [
      'with a rollout of no service',
      [service('fraud'), rollout('r', 'frand')],
      [
        '13: spec.targetRef.name: there is no ModelService "frand" in namespace "default"; did you mean "fraud"',
      ],
    ],
    [
      'with a policy of no service',
      [policy('p', 'a')],
      [
        '5: spec.targetRef.name: there is no ModelService "a" in namespace "default"; define the ModelService first',
      ],
    ],
    [
      'with fallbacks in a circle',
      [
        service('a'),
        service('b'),
        policy('p', 'a', 'breaker: {fallback: {service: b}}'),
        policy('q', 'b', 'breaker: {fallback: {service: a}}'),
      ],
      [
        '22: spec.breaker.fallback.service: the fallbacks go in a circle (a → b → a); a service outside of it',
        '29: spec.breaker.fallback.service: the fallbacks go in a circle (b → a → b); a service outside of it',
      ],
    ],
    [
      'with a fallback to itself',
      [service('a'), policy('p', 'a', 'breaker: {fallback: {service: a}}')],
      ['14: spec.breaker.fallback.service: the fallbacks go in a circle (a → a); a service outside of it'],
    ],
    [
      'with a fallback that is to come',
      [service('a'), policy('p', 'a', 'breaker: {fallback: {service: b}}')],
      [
        '14: spec.breaker.fallback.service: warning: there is no ModelService "b" in namespace "default"; one of a',
      ],
    ],
    [
      'with a fallback of another protocol',
      [service('a'), service('b', 'protocol: http'), policy('p', 'a', 'breaker: {fallback: {service: b}}')],
      ['22: spec.breaker.fallback.service: "b" speaks http; a service of protocol grpc'],
    ],
    [
      'with a fallback to no version',
      [service('a'), policy('p', 'a', 'breaker: {fallback: {version: v3}}')],
      ['14: spec.breaker.fallback.version: ModelService "a" has no version "v3"; one of v1, v2'],
    ],
    [
      'with a fallback to what has failed',
      [service('a'), policy('p', 'a', 'breaker: {fallback: {version: v1}}')],
      [
        '14: spec.breaker.fallback.version: warning: "v1" is the version that fails when the breaker opens without a rollout; another version',
      ],
    ],
    [
      'with a probe larger than the recovery',
      [service('a'), policy('p', 'a', 'breaker: {halfOpen: {percent: 10}}')],
      ['14: spec.breaker.halfOpen.percent: 10 is no less than the first recovery step; less than 10'],
    ],
    [
      'with two limits of a name',
      [
        service('a'),
        policy('p', 'a', 'rateLimits: [{name: l, requestsPerSecond: 1}, {name: l, requestsPerSecond: 2}]'),
      ],
      ['14: spec.rateLimits[1].name: "l" is the name of entry [0] already; a name of its own'],
    ],
  ];
  it.each(cases)('%s', (_, objects, problems) => {
    expect(problemsOf(...objects)).toEqual(problems);
  });

  it('does not say that a broken object is missing', () => {
    const broken = service('a').replace('port: 9000', 'port: 0');
    expect(problemsOf(broken, rollout('r', 'a'))).toEqual(['5: spec.port: is 0; at least 1']);
  });

  it('says nothing is missing while a document cannot be read', () => {
    expect(problemsOf('kind: [\n---\n', rollout('r', 'a'))).toHaveLength(1);
  });

  it('keeps namespaces apart', () => {
    const other = service('a').replace('{name: a}', '{name: a, namespace: b}');
    expect(problemsOf(service('a'), other)).toEqual([]);
    expect(problemsOf(other, policy('p', 'a'))).toHaveLength(1);
  });
});

describe('a service', () => {
  const cases: readonly Case[] = [
    [
      'with two versions of a name',
      [service('a', '', 'v1: 1, v1: 2')],
      ['6: spec.versions[1].name: "v1" is the name of entry [0] already; a name of its own'],
    ],
    [
      'with an unknown default',
      [service('a', 'defaultVersion: v3')],
      ['7: spec.defaultVersion: ModelService "a" has no version "v3"; one of v1, v2'],
    ],
    [
      'with an unknown mirror',
      [service('a', 'mirror: {version: v22}')],
      ['7: spec.mirror.version: ModelService "a" has no version "v22"; did you mean "v2"'],
    ],
    [
      'that mirrors onto itself',
      [service('a', 'mirror: {version: v1}')],
      [
        '7: spec.mirror.version: warning: v1 gets the copies of its own requests; a version other than defaultVersion',
      ],
    ],
    [
      'with an instance behind two versions',
      [service('a', '', 'v1: 1, v2: 1')],
      [
        '6: spec.versions[1].endpoints.static[0]: 10.0.0.1:1 is given in versions[0].endpoints.static[0] already; each instance once',
      ],
    ],
    [
      'with a source behind two versions',
      [
        object(
          'ModelService',
          'a',
          'port: 1\n  versions: [{name: v1, endpoints: {dns: {name: h, port: 1}}}, {name: v2, endpoints: {dns: {name: h, port: 1}}}]',
        ),
      ],
      [
        '6: spec.versions[1].endpoints.dns: DNS name h:1 is given in versions[0].endpoints.dns already; each instance once',
      ],
    ],
    [
      'with a host given twice',
      [service('a', 'hosts: [h, h]')],
      ['7: spec.hosts[1]: "h" is given twice; each host once'],
    ],
    [
      'with a try longer than the request',
      [service('a', 'retries: {perTryTimeout: 31s}')],
      [
        '7: spec.retries.perTryTimeout: is longer than the whole request may take; less than timeouts.request (30s)',
      ],
    ],
    [
      'with a hedge after the end',
      [service('a', 'retries: {hedging: {after: 30s}}')],
      ['7: spec.retries.hedging.after: comes when the request is over; less than timeouts.request (30s)'],
    ],
    [
      'with a gRPC check of an HTTP service',
      [service('a', 'protocol: http\n  healthCheck: {grpc: {}}')],
      ['8: spec.healthCheck.grpc: cannot ask a service of protocol http; http: {path}'],
    ],
  ];
  it.each(cases)('%s', (_, objects, problems) => {
    expect(problemsOf(...objects)).toEqual(problems);
  });
});

describe('a rollout', () => {
  const on = (more: string, strategy?: string) => [service('a'), rollout('r', 'a', more, strategy)];
  const same = [service('a'), rollout('r', 'a').replace('candidate: v2', 'candidate: v1')];
  const hint = '{setWeight: 100} at the end, or {pause: {}} to wait there until someone promotes';
  const cases: readonly Case[] = [
    [
      'to an unknown version',
      [service('a'), rollout('r', 'a').replace('candidate: v2', 'candidate: v3')],
      ['15: spec.candidate: ModelService "a" has no version "v3"; one of v1, v2'],
    ],
    [
      'from a version to itself',
      same,
      ['15: spec.candidate: "v1" is stable as well; the version that is to take over'],
    ],
    [
      'back to an unknown version',
      on('rollback: {to: v0}'),
      ['17: spec.rollback.to: ModelService "a" has no version "v0"; one of v1, v2'],
    ],
    [
      'back to the candidate',
      on('rollback: {to: v2}'),
      ['17: spec.rollback.to: is the candidate itself; stable'],
    ],
    [
      'with steps that fall',
      on('', 'steps: [{setWeight: 50}, {setWeight: 5}, {setWeight: 100}]'),
      ['16: spec.strategy.steps[1].setWeight: 5 does not rise; more than the 50 before it'],
    ],
    [
      'with steps that stand',
      on('', 'steps: [{setWeight: 50}, {pause: {}}, {setWeight: 50}, {setWeight: 100}]'),
      ['16: spec.strategy.steps[2].setWeight: 50 does not rise; more than the 50 before it'],
    ],
    [
      'with steps that end early',
      on('', 'steps: [{setWeight: 50}]'),
      [`16: spec.strategy.steps[0]: the last weight is 50; ${hint}`],
    ],
    ['with steps that wait at the end', on('', 'steps: [{setWeight: 50}, {pause: {}}]'), []],
    [
      'with a last pause that ends',
      on('', 'steps: [{setWeight: 50}, {pause: {duration: 1h}}]'),
      [`16: spec.strategy.steps[1]: the last weight is 50; ${hint}`],
    ],
    [
      'with pauses alone',
      on('', 'steps: [{pause: {}}]'),
      [`16: spec.strategy.steps[0]: no step sets a weight; ${hint}`],
    ],
    [
      'with a pause beyond its deadline',
      on('', 'steps: [{setWeight: 5}, {pause: {duration: 24h}}, {setWeight: 100}]'),
      [
        '16: spec.strategy.steps[1].pause.duration: 24h reaches the progressDeadline (24h); a shorter wait, or a longer progressDeadline',
      ],
    ],
    [
      'with two metrics of a name',
      on(metric('{name: m, type: ScoreShift}, {name: m, type: ErrorRate}')),
      ['17: spec.analysis.metrics[1].name: "m" is the name of entry [0] already; a name of its own'],
    ],
    [
      'with an unknown placeholder',
      on(metric('{name: m, type: Query, query: "x{{verison}}", maxRatio: 2}')),
      [
        '17: spec.analysis.metrics[0].query: unknown placeholder {{verison}}; did you mean "version"',
        '17: spec.analysis.metrics[0].query: is the same for both versions, so maxRatio has nothing to compare; {{version}} in the query',
      ],
    ],
    [
      'with a query of no version to compare',
      on(metric('{name: m, type: Query, query: up, maxDifference: 1}')),
      [
        '17: spec.analysis.metrics[0].query: is the same for both versions, so maxDifference has nothing to compare; {{version}} in the query',
      ],
    ],
    [
      'with an unknown template',
      on(metric('{name: m, type: Query, template: {name: t}, maxDifference: 1}')),
      [
        '17: spec.analysis.metrics[0].template.name: there is no MetricTemplate "t" in namespace "default"; define the MetricTemplate first',
      ],
    ],
    [
      'with wrong arguments',
      [
        template('t', 'query: "x{{version}}{{window}}"\n  args: [{name: window}]'),
        ...on(metric('{name: m, type: Query, template: {name: t, args: {windw: 1m}}, maxDifference: 1}')),
      ],
      [
        '24: spec.analysis.metrics[0].template.args: the argument "window" is missing; a value for it, the template has none',
        '24: spec.analysis.metrics[0].template.args.windw: the template has no argument "windw"; did you mean "window"',
      ],
    ],
    [
      'with a question in a chat',
      on('analysis: {webhooks: [{type: confirm-step, url: "http://h", format: slack}]}'),
      ['17: spec.analysis.webhooks[0].format: slack cannot answer a question; generic, or the type on-event'],
    ],
  ];
  it.each(cases)('%s', (_, objects, problems) => {
    expect(problemsOf(...objects)).toEqual(problems);
  });
});

describe('a template', () => {
  const cases: readonly Case[] = [
    [
      'with an unknown placeholder',
      [template('t', 'query: "x{{modle}}"')],
      ['5: spec.query: unknown placeholder {{modle}}; did you mean "model"'],
    ],
    [
      'with an argument of no use',
      [template('t', 'query: up\n  args: [{name: window}]')],
      ['6: spec.args[0].name: "window" is not used; {{window}} in the query, or no such argument'],
    ],
    [
      'with a built-in argument',
      [template('t', 'query: "{{version}}"\n  args: [{name: version}]')],
      ['6: spec.args[0].name: "version" is built in; another name'],
    ],
  ];
  it.each(cases)('%s', (_, objects, problems) => {
    expect(problemsOf(...objects)).toEqual(problems);
  });
});
