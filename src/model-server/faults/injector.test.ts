import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder, until } from '../testdata/started-server.ts';
import { type Fault, NO_FAULT } from './fault.ts';
import { watchFaultFile } from './injector.ts';

it('follows a fault file that is written, replaced, broken and removed', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'fault.json');
  const faults: Fault[] = [];
  const errors: string[] = [];
  const stop = watchFaultFile(path, {
    onFault: (fault) => faults.push(fault),
    onInvalid: (words) => errors.push(words),
  });
  await until(() => faults.length > 0);
  expect(faults.at(-1)).toEqual(NO_FAULT);

  await writeFile(path, '{"failPercent": 30}');
  await until(() => faults.at(-1)?.failPercent === 30);

  await writeFile(`${path}.new`, '{"delayMs": 20}');
  await rename(`${path}.new`, path);
  await until(() => faults.at(-1)?.delayMs === 20);

  await writeFile(path, '{"failPercent": 300}');
  await until(() => errors.some((words) => words.includes('failPercent')));
  expect(faults.at(-1)?.delayMs).toBe(20);

  await rm(path);
  await until(() => faults.at(-1)?.delayMs === 0);
  await stop();
});
