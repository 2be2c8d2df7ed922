import { expect, it } from 'vitest';
import { readSpecs } from '../api/read-specs.ts';
import { indexSpecs } from '../decide/spec-index.ts';
import { specsAction, startAction } from './spec-changes.ts';

const template = (name: string, query: string) =>
  `apiVersion: penstock.dev/v1alpha1\nkind: MetricTemplate\nmetadata: {name: ${name}}\nspec: {query: ${query}}\n`;

function index(...texts: readonly string[]) {
  return indexSpecs(readSpecs([{ file: 'a.yaml', text: texts.join('---\n') }]).objects);
}

it('an edit is told with what was and what is, and nothing else', () => {
  const before = index(template('same', 'up'), template('edited', 'up'), template('gone', 'up'));
  const after = index(template('same', 'up'), template('edited', 'down'), template('come', 'up'));
  expect(specsAction(before, after, ['a.yaml'], 5)).toMatchObject({
    at: 5,
    action: 'SpecsInForce',
    why: 'edited: MetricTemplate/default/come, MetricTemplate/default/edited, MetricTemplate/default/gone',
    before: {
      'MetricTemplate/default/edited': { query: 'up' },
      'MetricTemplate/default/gone': { query: 'up' },
    },
    after: {
      'MetricTemplate/default/edited': { query: 'down' },
      'MetricTemplate/default/come': { query: 'up' },
    },
  });
});

it('an edit that changes nothing is none', () => {
  expect(specsAction(index(template('a', 'up')), index(template('a', 'up')), [], 5)).toBeUndefined();
});

it('the start tells the specs by a digest that does not depend on their order', () => {
  const digest = (...texts: readonly string[]) =>
    (startAction(index(...texts), '1.0.0', ['a.yaml'], 5).evidence as { specs: string }).specs;
  const [a, b] = [template('a', 'up'), template('b', 'up')];
  expect(digest(a, b)).toBe(digest(b, a));
  expect(digest(a)).not.toBe(digest(b));
});
