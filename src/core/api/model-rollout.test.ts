import { describe, expect, it } from 'vitest';
import { parseFile } from './parse.ts';

/** Each case: what is wrong, the spec with it on a line of its own, and the problem as `line: path: wrong; right`. */
type Case = readonly [what: string, line: string, problem: string];

const head = 'apiVersion: penstock.dev/v1alpha1\nkind: ModelRollout\nmetadata: {name: a}\nspec:\n';

function problemsOf(text: string): string[] {
  return parseFile('f', text).problems.map((it) => `${it.line}: ${it.path}: ${it.message}; ${it.hint}`);
}

describe('a ModelRollout with a wrong value', () => {
  const base = `${head}  targetRef: {name: s}\n  stable: v1\n  candidate: v2\n`;
  const strategies: readonly Case[] = [
    ['no strategy', '{}', '8: spec.strategy: nothing is chosen; exactly one of steps, linear, blueGreen'],
    [
      'two strategies',
      '{linear: {}, blueGreen: {}}',
      '8: spec.strategy: linear and blueGreen exclude each other; exactly one of steps, linear, blueGreen',
    ],
    [
      'a misspelt step',
      '{steps: [{setWeigth: 5}]}',
      '8: spec.strategy.steps[0].setWeigth: unknown field "setWeigth"; did you mean "setWeight"',
    ],
    [
      'an empty step',
      '{steps: [{}]}',
      '8: spec.strategy.steps[0]: nothing is chosen; exactly one of setWeight, pause',
    ],
    [
      'a weight over 100',
      '{steps: [{setWeight: 101}]}',
      '8: spec.strategy.steps[0].setWeight: is 101; at most 100',
    ],
    [
      'a negative weight',
      '{steps: [{setWeight: -1}]}',
      '8: spec.strategy.steps[0].setWeight: is -1; at least 0',
    ],
    [
      'a ramp that falls',
      '{linear: {start: 50, max: 10}}',
      '8: spec.strategy.linear.max: is less than start; at least start',
    ],
    ['a ramp that stands', '{linear: {step: 0}}', '8: spec.strategy.linear.step: is 0; more than 0'],
  ];
  it.each(strategies)('with %s', (_, value, problem) => {
    expect(problemsOf(`${base}  strategy: ${value}\n`)).toEqual([problem]);
  });

  const metrics: readonly Case[] = [
    [
      'no type',
      '{name: m}',
      '10: spec.analysis.metrics[0].type: is missing; one of ErrorRate, Latency, ScoreShift, Query',
    ],
    [
      'a near type',
      '{name: m, type: Latncy}',
      '10: spec.analysis.metrics[0].type: is "Latncy"; did you mean "Latency": one of ErrorRate, Latency, ScoreShift, Query',
    ],
    [
      "another type's field",
      '{name: m, type: ErrorRate, maxShift: 1}',
      '10: spec.analysis.metrics[0].maxShift: unknown field "maxShift"; the known fields are name, dryRun, onBreach, onNoData, type, maxRatio, thresholdRange',
    ],
    [
      'an error rate of one',
      '{name: m, type: ErrorRate, thresholdRange: {max: 1}}',
      '10: spec.analysis.metrics[0].thresholdRange.max: is 1; less than 1',
    ],
    [
      'a ratio below one',
      '{name: m, type: ErrorRate, maxRatio: 0.5}',
      '10: spec.analysis.metrics[0].maxRatio: is 0.5; at least 1',
    ],
    [
      'a quantile of one',
      '{name: m, type: Latency, quantile: 1, maxRatio: 2}',
      '10: spec.analysis.metrics[0].quantile: is 1; less than 1',
    ],
    [
      'a quantile in percent',
      '{name: m, type: Latency, quantile: 95, maxRatio: 2}',
      '10: spec.analysis.metrics[0].quantile: is 95; less than 1',
    ],
    [
      'a latency without unit',
      '{name: m, type: Latency, quantile: 0.9, thresholdRange: {max: 80}}',
      '10: spec.analysis.metrics[0].thresholdRange.max: 80 has no unit; a duration such as "80s" or "80ms"',
    ],
    [
      'a bound of no quantile',
      '{name: m, type: Latency, thresholdRange: {max: 80ms}}',
      '10: spec.analysis.metrics[0].quantile: is missing; the quantile that thresholdRange bounds, such as 0.95',
    ],
    [
      'a latency without bound',
      '{name: m, type: Latency, quantile: 0.9}',
      '10: spec.analysis.metrics[0]: nothing is chosen; at least one of thresholdRange, maxRatio',
    ],
    [
      'a query without bound',
      '{name: m, type: Query, query: up}',
      '10: spec.analysis.metrics[0]: nothing is chosen; at least one of thresholdRange, maxDifference, maxRatio',
    ],
    [
      'a bound without query',
      '{name: m, type: Query, maxRatio: 2}',
      '10: spec.analysis.metrics[0]: nothing is chosen; exactly one of query, template',
    ],
    [
      'an empty range',
      '{name: m, type: Query, query: up, thresholdRange: {min: 2, max: 1}}',
      '10: spec.analysis.metrics[0].thresholdRange.min: is not less than max; a range that a value can lie in',
    ],
    [
      'an unknown consequence',
      '{name: m, type: ScoreShift, onBreach: Rolback}',
      '10: spec.analysis.metrics[0].onBreach: is "Rolback"; did you mean "Rollback": one of Rollback, Freeze, a map of fields',
    ],
    [
      'a consequence out of range',
      '{name: m, type: ScoreShift, onBreach: {setWeight: 300}}',
      '10: spec.analysis.metrics[0].onBreach.setWeight: is 300; at most 100',
    ],
    [
      'an unknown data rule',
      '{name: m, type: ScoreShift, onNoData: hold}',
      '10: spec.analysis.metrics[0].onNoData: is "hold"; did you mean "Hold": one of Hold, Rollback, Ignore',
    ],
  ];
  it.each(metrics)('with a metric of %s', (_, value, problem) => {
    expect(problemsOf(`${base}  strategy: {linear: {}}\n  analysis:\n    metrics: [${value}]\n`)).toEqual([
      problem,
    ]);
  });

  const rest: readonly Case[] = [
    [
      'a certain risk',
      'analysis: {confidence: {falseRollback: 0}}',
      '9: spec.analysis.confidence.falseRollback: is 0; more than 0',
    ],
    [
      'a hook of no type',
      'analysis: {webhooks: [{url: "http://h"}]}',
      '9: spec.analysis.webhooks[0].type: is missing; one of confirm-rollout, confirm-step, confirm-promotion, on-event',
    ],
    [
      'a hook without scheme',
      'analysis: {webhooks: [{type: on-event, url: h/x}]}',
      '9: spec.analysis.webhooks[0].url: "h/x" is not an address; http:// or https:// and a host',
    ],
    [
      'two secrets',
      'analysis: {webhooks: [{type: on-event, url: "http://h", secret: {env: A, file: b}}]}',
      '9: spec.analysis.webhooks[0].secret: env and file exclude each other; exactly one of env, file, kubernetes',
    ],
    [
      'a match of nothing',
      'match: [{}]',
      '9: spec.match[0]: nothing is chosen; at least one of path, pathPrefix, headers',
    ],
    [
      'a header match of nothing',
      'match: [{headers: [{name: x}]}]',
      '9: spec.match[0].headers[0]: nothing is chosen; exactly one of value, prefix, regex, present',
    ],
    [
      'a quorum of nobody',
      'convergence: {quorumPercent: 0}',
      '9: spec.convergence.quorumPercent: is 0; more than 0',
    ],
    ['a word for a flag', 'paused: "yes"', '9: spec.paused: is "yes"; true or false'],
  ];
  it.each(rest)('with %s', (_, line, problem) => {
    expect(problemsOf(`${base}  strategy: {linear: {}}\n  ${line}\n`)).toEqual([problem]);
  });
});
