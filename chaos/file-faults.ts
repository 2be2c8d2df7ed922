import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Fault } from './fault.ts';
import { backAgain } from './processes.ts';
import { specsOf } from './specs.ts';
import type { World } from './world.ts';

const CHUNK = Buffer.alloc(64 * 1024);

/** The specs are written wrong, and put right again. */
const malformed: Fault = {
  kind: 'specs malformed',
  group: 'penstock',
  strike: async (world, { draw }) => {
    const good = readFileSync(world.specsFile, 'utf8');
    const wrong = [
      good.slice(0, good.length * draw),
      good.replace('setWeight', 'setWait').replace('start: 20', 'start: 1000'),
      '\u0000\ufffd',
      '',
    ];
    const at = Math.floor(draw * wrong.length);
    world.writeSpecs(wrong[at] ?? '');
    const what = ['cut off', 'a weight of 1000 %', 'no text', 'empty'][at] ?? '';
    return { what, excuses: 'none', heal: async () => world.writeSpecs() };
  },
};

const CHANGES = 20;

/** The endpoints change again and again. */
const churn: Fault = {
  kind: 'endpoint churn',
  group: 'penstock',
  strike: async (world) => {
    for (let i = 0; i < CHANGES; i++) {
      world.endpointWeight = 1 + (i % 5);
      world.writeSpecs(specsOf(world.podPorts, world.course, world.endpointWeight));
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    return { what: `${CHANGES} changes`, excuses: 'none', heal: async () => {} };
  },
};

/** No byte more fits on the disk that the state is on. */
const full: Fault = {
  kind: 'disk full',
  group: 'penstock',
  missing: ({ hasOwnDisk }) => (hasOwnDisk ? undefined : 'no small disk could be mounted (that needs root)'),
  strike: async (world) => {
    const filler = join(world.stateFolder, 'filler');
    const file = openSync(filler, 'w');
    try {
      for (;;) writeSync(file, CHUNK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
    return {
      what: `${statSync(filler).size >> 20} MiB more`,
      excuses: 'none',
      heal: async () => rmSync(filler),
    };
  },
};

/** The database is overwritten while it is down: it must not start on that, and goes on with the one from before. */
const corrupt: Fault = {
  kind: 'state corrupted',
  group: 'penstock',
  strike: async (world) => {
    const { penstock } = world;
    await penstock.kill();
    const state = join(world.stateFolder, 'penstock.db');
    const kept = join(world.folder, 'kept.db');
    copyFileSync(state, kept);
    const logs = ['-wal', '-shm'].map((suffix) => `${state}${suffix}`);
    const keptLog = readIfThere(`${state}-wal`);
    writeFileSync(state, Buffer.alloc(statSync(state).size, 'no database '));
    for (const log of logs) rmSync(log, { force: true });
    penstock.start();
    const how = await penstock.ends();
    if (!how.startsWith('exit code 1'))
      penstock.crashes.push(`on a corrupt state: ${how}: ${penstock.lastLine}`);
    return { what: 'overwritten', excuses: 'none', heal: () => restore(world, state, kept, keptLog) };
  },
};

async function restore(
  { penstock }: World,
  state: string,
  kept: string,
  log: Buffer | undefined,
): Promise<void> {
  copyFileSync(kept, state);
  if (log !== undefined) writeFileSync(`${state}-wal`, log);
  penstock.start();
  await backAgain(penstock, () => penstock.said('"msg":"serving"'));
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** What is on disk: specs and state. */
export const FILE_FAULTS: readonly Fault[] = [malformed, churn, full, corrupt];
