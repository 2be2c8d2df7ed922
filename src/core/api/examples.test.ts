import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatProblem } from './problem.ts';
import { readSpecs } from './read-specs.ts';

const examples = new URL('../../../docs/examples/', import.meta.url);

describe('every example of the docs', () => {
  const entries = readdirSync(examples, { recursive: true, encoding: 'utf8' });
  const files = entries.filter((name) => name.endsWith('.yaml'));
  // The files of a folder belong together; those beside each other do not.
  const sets = Map.groupBy(files, (file) => (file.includes('/') ? dirname(file) : file));

  it.each([...sets])('%s is valid', (_, names) => {
    const texts = names.map((file) => ({ file, text: readFileSync(new URL(file, examples), 'utf8') }));
    expect(readSpecs(texts).problems.map(formatProblem)).toEqual([]);
  });

  it('is one of several, some of them in folders', () => {
    expect(sets.size).toBeGreaterThanOrEqual(4);
    expect([...sets.values()].some((names) => names.length > 1)).toBe(true);
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
