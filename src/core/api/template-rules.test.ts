import { describe, expect, it } from 'vitest';
import { type Case, problemsOf, template } from './testdata/spec-text.ts';

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
