import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { floats } from '../client.ts';
import { SHIPPED_MODELS, startServer, temporaryFolder, until } from '../testdata/started-server.ts';

const image = floats('image', [1, 64], new Array<number>(64).fill(3));
const DIGITS = ['--model-repository', SHIPPED_MODELS, '--model', 'digits:v1'];

const entriesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

it('a server writes what was asked and answered, failures too, for its owner alone', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'audit.jsonl');
  {
    await using started = await startServer(...DIGITS, '--audit-log', file, '--audit-sample', '1');
    await started.client.infer({ model: 'digits', inputs: [image] });
    await started.client.infer({ model: 'digits', inputs: [] }).catch(() => {});
    await until(async () => entriesOf(file).length === 2);
  }
  const [answered, failed] = entriesOf(file);
  expect(answered).toMatchObject({ model: 'digits', version: 'v1', code: 'OK', inputs: [{ name: 'image' }] });
  expect(answered.inputs[0].values).toEqual(new Array(64).fill(3));
  expect(answered.outputs[0].values.length).toBeGreaterThan(0);
  expect(failed).toMatchObject({ model: 'digits', code: 'INVALID_ARGUMENT', inputs: [], outputs: [] });
  expect(failed.message).toBeTruthy();
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('a server writes only the share that was asked for, and says when it cannot write', async () => {
  await using folder = await temporaryFolder();
  const none = join(folder.path, 'none.jsonl');
  await using quiet = await startServer(...DIGITS, '--audit-log', none, '--audit-sample', '0');
  await using broken = await startServer(...DIGITS, '--audit-log', folder.path, '--audit-sample', '1');
  await quiet.client.infer({ model: 'digits', inputs: [image] });
  await broken.client.infer({ model: 'digits', inputs: [image] });
  expect(broken.log.map(({ msg }) => msg)).toContainEqual(
    expect.stringMatching(/calls are not in the audit: EISDIR/),
  );
  expect(entriesOf(none)).toEqual([]);
});
