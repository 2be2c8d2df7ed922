import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUGS, type Bug } from './bugs.ts';
import type { Report } from './report.ts';

// Plants one bug after the other in a copy of the source, and sees whether the faults bring it to light.

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NEEDED = ['package.json', 'src', 'cmd'];

/** A copy of the source with the bug in it. @throws where the line is not there any more: the bug has to be written anew */
function plant(bug: Bug, folder: string): void {
  for (const each of NEEDED) cpSync(join(ROOT, each), join(folder, each), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, bug.file);
  const text = readFileSync(file, 'utf8');
  if (!text.includes(bug.find))
    throw new Error(`${bug.file} has no line "${bug.find}"; the bug "${bug.name}" is out of date`);
  writeFileSync(file, text.replace(bug.find, bug.replace));
}

/** Promises that the planted system broke, and how often. */
async function brokenBy(bug: Bug): Promise<ReadonlyMap<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-planted-'));
  try {
    plant(bug, folder);
    const report = join(folder, 'report.json');
    const kinds = bug.kinds.flatMap((kind) => ['--kind', kind]);
    const args = [
      '--seed',
      String(bug.seed ?? 1),
      '--faults',
      String(bug.faults),
      ...kinds,
      '--report',
      report,
    ];
    await finished(args, { PENSTOCK_CHAOS_ROOT: folder });
    const { violations } = JSON.parse(readFileSync(report, 'utf8')) as Report;
    return new Map(
      [...Map.groupBy(violations, ({ promise }) => promise)].map(([promise, all]) => [promise, all.length]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function finished(args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, 'chaos/main.ts'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

const wanted = process.argv.slice(2);
const missed: string[] = [];
for (const bug of BUGS.filter(
  ({ name, breaks }) =>
    wanted.length === 0 || wanted.some((each) => name.includes(each) || breaks.includes(each)),
)) {
  const broken = await brokenBy(bug).catch((error: unknown) => {
    console.log(String(error));
    return new Map<string, number>();
  });
  const times = broken.get(bug.breaks) ?? 0;
  if (times === 0) missed.push(bug.name);
  const others = [...broken.keys()].filter((promise) => promise !== bug.breaks);
  const also = others.length === 0 ? '' : `; also broken: ${others.join(', ')}`;
  console.log(
    `${times > 0 ? 'found ' : 'MISSED'}  ${bug.name}: "${bug.breaks}" broken ${times} times${also}`,
  );
}
if (missed.length > 0) process.exitCode = 1;
