import { watch } from 'chokidar';
import { formatProblem } from '../core/api/problem.ts';
import { readSpecs, type Specs } from '../core/api/read-specs.ts';
import { readSpecTexts, UnreadableSpecError } from './spec-texts.ts';

/** One reading of all spec files. */
export interface SpecReading {
  /** What is valid as a whole; undefined: the files must not be put in force. */
  readonly specs: Specs | undefined;
  /** One line each, as `penstock check` prints them; warnings are among them. */
  readonly problems: readonly string[];
}

/** Spec files that are followed. */
export interface SpecFiles {
  /** Reads them now, whether or not they changed. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

// An editor writes a file in several steps, and several files are often replaced together.
const SETTLE_MS = 100;

/** Reads spec files once. Files that cannot be read are problems, not exceptions. */
export async function readSpecFiles(paths: readonly string[]): Promise<SpecReading> {
  try {
    const specs = readSpecs(await readSpecTexts(paths, process.stdin));
    const problems = specs.problems.map(formatProblem);
    return { specs: specs.valid ? specs : undefined, problems };
  } catch (error) {
    if (error instanceof UnreadableSpecError) return { specs: undefined, problems: [error.message] };
    throw error;
  }
}

/**
 * Follows spec files: written in place, replaced by a rename, or a directory's content changed.
 * @param onReading called with each new reading, never twice at once
 */
export function followSpecFiles(
  paths: readonly string[],
  onReading: (reading: SpecReading) => void,
): SpecFiles {
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> = Promise.resolve();
  const reload = (): Promise<void> => {
    reading = reading.then(async () => onReading(await readSpecFiles(paths)));
    return reading;
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void reload(), SETTLE_MS);
  };
  const watcher = watch(
    paths.filter((path) => path !== '-'),
    { ignoreInitial: true, depth: 0, followSymlinks: true, atomic: true },
  );
  watcher.on('all', soon);
  // A folder that vanishes for a moment is reported as an error; the next event reads again.
  watcher.on('error', soon);
  return {
    reload,
    async close() {
      clearTimeout(timer);
      await watcher.close();
      await reading;
    },
  };
}
