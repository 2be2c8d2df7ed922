import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a process sees the machine; everything at zero is as it is. */
export interface Bend {
  /** Added to the clock of the day, ms. */
  readonly clockMs?: number;
  /** What each write to the slow folder takes longer, ms. */
  readonly writeMs?: number;
  /** What waiting for its disk takes longer, ms. */
  readonly syncMs?: number;
}

const SOURCE = fileURLToPath(new URL('./bent.c', import.meta.url));
const FIELDS = 3;
const BYTES = 8;

/** The clock and the disk as one process sees them, by a library that is loaded before all others. */
export class BentMachine {
  /** What the process is started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly #file: number;
  #bend: Bend = {};

  private constructor(library: string, file: string, slowFolder: string) {
    this.env = { LD_PRELOAD: library, BENT_FILE: file, BENT_FOLDER: slowFolder };
    this.#file = openSync(file, 'w+');
    this.bend({});
  }

  /**
   * Compiles the library.
   * @param slowFolder the files that may become slow
   * @returns undefined where there is no C compiler
   */
  static make(folder: string, slowFolder: string): BentMachine | undefined {
    const library = join(folder, 'bent.so');
    try {
      execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, SOURCE, '-ldl'], { stdio: 'ignore' });
    } catch {
      return undefined;
    }
    return new BentMachine(library, join(folder, 'bend'), slowFolder);
  }

  /** Bends further; what is not named stays as it is. */
  bend(more: Bend): void {
    this.#bend = { ...this.#bend, ...more };
    const { clockMs = 0, writeMs = 0, syncMs = 0 } = this.#bend;
    const bytes = Buffer.alloc(FIELDS * BYTES);
    for (const [i, value] of [clockMs, 1000 * writeMs, 1000 * syncMs].entries())
      bytes.writeBigInt64LE(BigInt(Math.round(value)), i * BYTES);
    writeSync(this.#file, bytes, 0, bytes.length, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}
