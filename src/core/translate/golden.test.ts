import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { goldenCases, goldenFiles } from './golden-fixture.ts';

/** `PENSTOCK_UPDATE_GOLDENS=1 vitest run --project unit src/core/translate` writes them; nothing else does. */
const UPDATE = process.env.PENSTOCK_UPDATE_GOLDENS === '1';
const OUT = new URL('testdata/out/', import.meta.url);

const expected = new Map(goldenCases().flatMap((given) => [...goldenFiles(given)]));

describe('golden files', () => {
  it.each([...expected])('%s is what its input is translated to', (file, text) => {
    const url = new URL(file, OUT);
    if (UPDATE) writeFileSync(url, text);
    expect(text).toBe(readFileSync(url, 'utf8'));
  });

  it('has none without an input', () => {
    expect(readdirSync(OUT).filter((file) => !expected.has(file))).toEqual([]);
  });
});
