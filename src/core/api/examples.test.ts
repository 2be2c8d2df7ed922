import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatProblem } from './problem.ts';
import { readSpecs } from './read-specs.ts';

const examples = new URL('../../../docs/examples/', import.meta.url);

describe('every example of the docs', () => {
  it.each(readdirSync(examples).filter((name) => name.endsWith('.yaml')))('%s is valid', (file) => {
    const specs = readSpecs([{ file, text: readFileSync(new URL(file, examples), 'utf8') }]);
    expect(specs.problems.map(formatProblem)).toEqual([]);
  });
});

describe('an example with elisions', () => {
  const text = readFileSync(new URL('testdata/elided-example.yaml', import.meta.url), 'utf8');
  const { objects, problems, valid } = readSpecs([{ file: 'elided', text }]);

  it('is valid, with a warning for the fallback that is not among it', () => {
    expect(valid).toBe(true);
    expect(problems.map(formatProblem)).toEqual([
      'elided:66: spec.breaker.fallback.service: warning: there is no ModelService "fraud-lite" in namespace "default"; one of fraud',
    ]);
  });

  it('has its defaults filled in and its durations in milliseconds', async () => {
    await expect(JSON.stringify(objects, undefined, 2)).toMatchFileSnapshot(
      'testdata/elided-example.normalised.json',
    );
  });
});
