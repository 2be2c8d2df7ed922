import { describe, expect, it } from 'vitest';
import { type Case, metric, problemsOf, rollout, service, template } from './testdata/spec-text.ts';

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
