import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { watch } from 'chokidar';
import { decideEffect, type Fault, type FaultEffect, NO_FAULT, parseFault, seededDraws } from './fault.ts';

const NO_EFFECT: FaultEffect = { delayMs: 0 };

/** Holds the fault in force, which can change at any time. */
export class FaultInjector {
  readonly #draw: () => number;
  #fault: Fault = NO_FAULT;

  constructor(seed: number) {
    this.#draw = seededDraws(seed);
  }

  get fault(): Fault {
    return this.#fault;
  }

  set(fault: Fault): void {
    this.#fault = fault;
  }

  /** What becomes of the next call. */
  next(model: string, version: string): FaultEffect {
    const fault = this.#fault;
    if (fault.failPercent === 0 && fault.delayMs === 0) return NO_EFFECT;
    if ((fault.model ?? model) !== model || (fault.version ?? version) !== version) return NO_EFFECT;
    return decideEffect(fault, [this.#draw(), this.#draw()]);
  }
}

/** What happened to a fault file. */
export interface FaultFileEvents {
  onFault(fault: Fault): void;
  onInvalid(message: string): void;
}

/**
 * Follows a fault file, which may come and go: absent or empty means no fault. A file that is not valid changes
 * nothing. Returns the way to stop.
 */
export function watchFaultFile(path: string, events: FaultFileEvents): () => Promise<void> {
  const read = async () => {
    try {
      const text = await readFile(path, 'utf8').catch(() => '');
      events.onFault(text.trim() === '' ? NO_FAULT : parseFault(JSON.parse(text)));
    } catch (thrown) {
      events.onInvalid((thrown as Error).message);
    }
  };
  // The folder is watched, not the file: editors and `mv` replace it.
  const watcher = watch(dirname(path), { depth: 0, ignoreInitial: true });
  watcher.on('all', (_event, changed) => {
    if (basename(changed) === basename(path)) void read();
  });
  void read();
  return () => watcher.close();
}
