import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followSpecFiles, readSpecFiles, type SpecFiles, type SpecReading } from './spec-files.ts';

const service = (version: string): string => `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions: [{name: ${version}, endpoints: {static: [{address: 127.0.0.1, port: 9101}]}}]
`;

let directory: string;
let file: string;
let followed: SpecFiles | undefined;
const readings: SpecReading[] = [];
const versionInForce = (): string | undefined => {
  const object = readings.at(-1)?.specs?.objects[0];
  return object?.kind === 'ModelService' ? object.spec.versions[0]?.name : undefined;
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'penstock-specs-'));
  file = join(directory, 'fraud.yaml');
  writeFileSync(file, service('v1'));
  readings.length = 0;
});
afterEach(async () => {
  await followed?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Follows and waits until the watch itself is known to work, by a change that it must see. */
async function follow(path: string): Promise<void> {
  followed = followSpecFiles([path], (reading) => readings.push(reading));
  await vi.waitFor(
    () => {
      writeFileSync(file, service('ready'));
      expect(versionInForce()).toBe('ready');
    },
    { timeout: 10_000, interval: 300 },
  );
}

describe('spec files', () => {
  it('are read again when one is written in place', async () => {
    await follow(file);
    writeFileSync(file, service('v2'));
    await vi.waitFor(() => expect(versionInForce()).toBe('v2'), 5000);
  });

  it('are read again when one is replaced by a rename, more than once', async () => {
    await follow(file);
    for (const version of ['v2', 'v3']) {
      writeFileSync(join(directory, 'new'), service(version));
      renameSync(join(directory, 'new'), file);
      await vi.waitFor(() => expect(versionInForce()).toBe(version), 5000);
    }
  });

  it('are read again when a folder gets another file', async () => {
    await follow(directory);
    writeFileSync(join(directory, 'more.yaml'), service('v2').replace('fraud', 'other'));
    await vi.waitFor(() => expect(readings.at(-1)?.specs?.objects).toHaveLength(2), 5000);
  });

  it('that are not valid give no specs but their problems', async () => {
    writeFileSync(file, service('v1').replace('port: 9000', 'prot: 9000'));
    const { specs, problems } = await readSpecFiles([file]);
    expect(specs).toBeUndefined();
    expect(problems.join('\n')).toMatch(
      /fraud\.yaml:\d+: spec\.?.*unknown field "prot"; did you mean "port"/,
    );
  });

  it('that are gone give no specs but the reason', async () => {
    const { specs, problems } = await readSpecFiles([join(directory, 'absent.yaml')]);
    expect(specs).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(/absent\.yaml: cannot be read: no such file/)]);
  });
});
