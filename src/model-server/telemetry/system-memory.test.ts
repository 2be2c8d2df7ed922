import { expect, it } from 'vitest';
import { readMemoryUse } from './system-memory.ts';

const system = (files: Record<string, string>) => (path: string) => {
  const text = files[path];
  if (text === undefined) throw new Error('ENOENT');
  return text;
};
const MACHINE = { '/proc/meminfo': 'MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  400 kB\n' };

it("is the container's use where it has a limit, without what could be given back", () => {
  const files = {
    ...MACHINE,
    '/sys/fs/cgroup/memory.max': '2000\n',
    '/sys/fs/cgroup/memory.current': '1900\n',
    '/sys/fs/cgroup/memory.stat': 'anon 900\ninactive_file 400\n',
  };
  expect(readMemoryUse(system(files))).toEqual({ source: 'container', share: 0.75 });
});

it.each([
  ['without a limit', { '/sys/fs/cgroup/memory.max': 'max\n', '/sys/fs/cgroup/memory.current': '1900\n' }],
  ['without a container', {}],
])("is the machine's use %s", (_what, files) => {
  expect(readMemoryUse(system({ ...MACHINE, ...files }))).toEqual({ source: 'machine', share: 0.6 });
});

it('is not known where the system does not tell', () => {
  expect(readMemoryUse(system({}))).toBeUndefined();
});
