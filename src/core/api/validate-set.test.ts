import { describe, expect, it } from 'vitest';
import { type Case, policy, problemsOf, rollout, service } from './testdata/spec-text.ts';

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
