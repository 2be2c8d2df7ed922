import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCommand, runCheck } from './check.ts';

const valid = `apiVersion: penstock.dev/v1alpha1
kind: MetricTemplate
metadata: {name: m}
spec: {query: up}
`;
const invalid = valid.replace('query', 'qurey');

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'penstock-check-'));
  await writeFile(join(directory, 'a.yaml'), valid);
  await writeFile(
    join(directory, 'b.json'),
    '{"kind": "ModelServcie", "apiVersion": "penstock.dev/v1alpha1"}',
  );
  await writeFile(join(directory, 'notes.txt'), 'not a spec');
  await writeFile(join(directory, '.hidden.yaml'), 'not: read');
  await writeFile(join(directory, 'latin1.yml.bin'), Buffer.from([0x61, 0xe9]));
});
afterAll(() => rm(directory, { recursive: true }));

async function check(
  paths: string[],
  { output = 'text', input = '' }: { output?: 'text' | 'json'; input?: string } = {},
) {
  const written = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const streams = { stdin: Readable.from([input]), stdout: into('stdout'), stderr: into('stderr') };
  const status = await runCheck(
    paths.map((path) => (path === '-' ? path : join(directory, path))),
    output,
    streams,
  );
  return { status, ...written };
}

describe('penstock check', () => {
  it('says nothing on stdout and exits 0 when all is valid', async () => {
    expect(await check(['a.yaml'])).toEqual({ status: 0, stdout: '', stderr: 'valid, 1 object\n' });
  });

  it('prints each problem on a line of stdout, a summary on stderr, and exits 1', async () => {
    expect(await check(['-'], { input: invalid })).toEqual({
      status: 1,
      stdout: 'stdin:4: spec.qurey: unknown field "qurey"; did you mean "query"\n',
      stderr: 'not valid: 1 error, 0 readable objects\n',
    });
  });

  it('reads a directory: its specs by name, nothing hidden, nothing else', async () => {
    const { status, stdout } = await check(['']);
    expect(status).toBe(1);
    expect(stdout).toBe(
      `${join(directory, 'b.json')}:1: kind: is "ModelServcie"; did you mean "ModelService"\n`,
    );
  });

  it('judges all files together', async () => {
    const { stdout } = await check(['a.yaml', '-'], { input: valid });
    expect(stdout).toContain('stdin:3: metadata.name: there is another MetricTemplate "m"');
  });

  it('reads a file that is named twice once', async () => {
    expect((await check(['a.yaml', 'a.yaml'])).status).toBe(0);
  });

  it('prints JSON for programs', async () => {
    const { status, stdout } = await check(['-'], { input: invalid, output: 'json' });
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      objects: [],
      problems: [
        {
          severity: 'error',
          file: 'stdin',
          line: 4,
          column: 8,
          path: 'spec.qurey',
          hint: 'did you mean "query"',
        },
      ],
    });
  });

  it.each([
    ['nowhere.yaml', 'cannot be read: no such file or directory'],
    ['latin1.yml.bin', 'is not UTF-8 text; a YAML or JSON file'],
  ])('exits 2 for %s with one clear line', async (file, message) => {
    expect(await check([file])).toEqual({
      status: 2,
      stdout: '',
      stderr: `penstock: ${join(directory, file)}: ${message}\n`,
    });
  });

  it('demands a file', async () => {
    const command = checkCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    await expect(command.parseAsync(['node', 'check'])).rejects.toThrow(
      /required option '-f, --file <path>'/,
    );
  });
});
