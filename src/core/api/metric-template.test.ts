import { describe, expect, it } from 'vitest';
import { parseFile } from './parse.ts';

/** Each case: what is wrong, the spec with it on a line of its own, and the problem as `line: path: wrong; right`. */
type Case = readonly [what: string, line: string, problem: string];

const head = 'apiVersion: penstock.dev/v1alpha1\nkind: MetricTemplate\nmetadata: {name: a}\nspec:\n';

function problemsOf(text: string): string[] {
  return parseFile('f', text).problems.map((it) => `${it.line}: ${it.path}: ${it.message}; ${it.hint}`);
}

describe('a MetricTemplate with a wrong value', () => {
  const cases: readonly Case[] = [
    ['an empty query', 'query: ""', '5: spec.query: is empty; at least 1 character'],
    [
      'a bad argument',
      'query: up\n  args: [{name: a-b}]',
      '6: spec.args[0].name: "a-b" is not an argument\'s name; letters, digits and "_", beginning with a letter',
    ],
  ];
  it.each(cases)('with %s', (_, line, problem) => {
    expect(problemsOf(`${head}  ${line}\n`)).toEqual([problem]);
  });
});
