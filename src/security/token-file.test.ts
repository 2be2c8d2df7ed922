import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createToken, personOfToken, readTokens, revokeToken } from './token-file.ts';

const NOW = Date.UTC(2030, 0, 1);
let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-tokens-'));
  file = join(folder, 'tokens.json');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const create = (name: string, expiresAt?: number) =>
  createToken(file, { name, role: 'operator', now: NOW, expiresAt });

it('keeps the hash of a token and never the token', async () => {
  const token = await create('ci');
  const text = readFileSync(file, 'utf8');
  expect(text).not.toContain(token);
  expect(text).not.toContain(token.split('_')[2]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(personOfToken(await readTokens(file), token, NOW)).toEqual({ name: 'ci', role: 'operator' });
});

it('knows nobody by a token that is wrong in any way', async () => {
  const token = await create('wrong');
  const tokens = await readTokens(file);
  const other = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
  for (const bearer of ['', 'pst_', other, `${token}x`, token.toUpperCase(), tokens[0]?.hash ?? ''])
    expect(personOfToken(tokens, bearer, NOW), bearer).toBeUndefined();
});

it('forgets a token when it is over, or revoked', async () => {
  const token = await create('short', NOW + 1_000);
  expect(personOfToken(await readTokens(file), token, NOW + 999)).toBeDefined();
  expect(personOfToken(await readTokens(file), token, NOW + 1_000)).toBeUndefined();
  const kept = await create('kept');
  await revokeToken(file, 'kept');
  expect(personOfToken(await readTokens(file), kept, NOW)).toBeUndefined();
  await expect(revokeToken(file, 'kept')).rejects.toThrow('has no token kept');
});

it('has a name once', async () => {
  await create('once');
  await expect(create('once')).rejects.toThrow('has a token named once already');
});

it('says what is wrong with a file without quoting it', async () => {
  const bad = join(folder, 'bad.json');
  writeFileSync(bad, 'pst_secret');
  await expect(readTokens(bad)).rejects.toThrow(`${bad}: is no file of tokens`);
  await expect(readTokens(bad)).rejects.not.toThrow('pst_secret');
  expect(await readTokens(join(folder, 'none.json'))).toEqual([]);
});
