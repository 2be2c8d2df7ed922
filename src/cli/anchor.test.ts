import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { anchorCommand } from './anchor.ts';

const SPECS = fileURLToPath(new URL('../core/translate/istio/testdata/in/canary.yaml', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'penstock-anchor-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  process.exitCode = undefined;
});

async function run(...args: readonly string[]) {
  let stdout = '';
  let stderr = '';
  const streams = {
    stdin: Readable.from([]),
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
  };
  await anchorCommand(streams)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseAsync(['-f', SPECS, ...args], { from: 'user' });
  const code = process.exitCode;
  process.exitCode = undefined;
  return { code, stdout, stderr };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const virtualService = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: theirs, namespace: ml}
spec: {hosts: [fraud]}
`;

describe('penstock anchor', () => {
  it('prints objects that kubectl can apply', async () => {
    const { code, stdout, stderr } = await run();
    expect(code).toBe(0);
    const kinds = parseAllDocuments(stdout).map((document) => document.get('kind'));
    expect(kinds).toEqual(['ConfigMap', 'DestinationRule', 'EnvoyFilter']);
    expect(stderr).toContain('sidecar.istio.io/bootstrapOverride: penstock-bootstrap');
  });

  it('quotes what YAML 1.1 takes for something else than text', async () => {
    const specs = readFileSync(SPECS, 'utf8').replace('value: cn-east', "value: 'yes'");
    const { stdout } = await run('-f', file('yes.yaml', specs.replaceAll('fraud', 'scam')));
    expect(stdout).toContain('exact: "yes"');
  });

  it('prints a List as JSON', async () => {
    const { stdout } = await run('-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ apiVersion: 'v1', kind: 'List' });
  });

  it('refuses what is in the way, and says how to go on', async () => {
    const { code, stdout, stderr } = await run('--against', file('theirs.yaml', virtualService));
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('VirtualService/ml/theirs is in the way of ml/fraud');
    expect(stderr).toContain('--adopt VirtualService/ml/theirs');
  });

  it('goes on beside what is adopted', async () => {
    const against = file('theirs.yaml', virtualService);
    const { code, stderr } = await run('--against', against, '--adopt', 'VirtualService/ml/theirs');
    expect(code).toBe(0);
    expect(stderr).toContain('VirtualService/ml/theirs is adopted');
  });

  it('finds its own objects, as a List, in nobody’s way', async () => {
    const { stdout } = await run('-o', 'json');
    expect((await run('--against', file('ours.json', stdout))).code).toBe(0);
  });

  it('names a file that holds no objects', async () => {
    const { code, stderr } = await run('--against', file('none.yaml', 'hello'));
    expect(code).toBe(2);
    expect(stderr).toContain('none.yaml: a document is no object of Kubernetes');
  });

  it.each([
    [['--istio-version', '1.20'], 'Istio 1.28 to 1.31'],
    [['--xds', 'penstock'], 'HOST:PORT'],
  ])('takes no %j', async (args, message) => {
    await expect(run(...args)).rejects.toThrow(message);
  });
});
