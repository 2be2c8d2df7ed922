import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, checkLinks } from './links.ts';

test('headings are named as they are linked to', () => {
  expect([...anchorsOf('# How it is built\n## `get`, and -o json\ntext\n```\n# no heading\n```\n')]).toEqual([
    'how-it-is-built',
    'get-and--o-json',
  ]);
});

test('links to files and headings that are not there are found, and nothing else', async () => {
  const root = mkdtempSync(join(tmpdir(), 'penstock-links-'));
  mkdirSync(join(root, 'docs'));
  writeFileSync(
    join(root, 'README.md'),
    '[a](docs/a.md) [b](docs/b.md) [c](https://example.com/x.md) `[d](d.md)`',
  );
  writeFileSync(join(root, 'docs/a.md'), '# One\n[up](../README.md) [here](#one) [two](a.md#two)');
  const { filesRead, problems } = await checkLinks(root);
  rmSync(root, { recursive: true, force: true });
  expect(filesRead).toBe(2);
  expect(problems).toBe('README.md: docs/b.md is not there\ndocs/a.md: a.md has no heading #two');
});
