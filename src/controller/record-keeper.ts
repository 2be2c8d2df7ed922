import type { ServiceOutcome } from '../core/decide/service-look.ts';
import type { Publication } from '../core/delta/resource.ts';
import type { DecisionRecord } from '../core/status/status.ts';
import type { Note } from './command-desk.ts';
import { DecisionBook } from './decision-book.ts';
import type { MeshPublisher } from './mesh-publisher.ts';
import type { ControllerLog, StateSaver } from './ports.ts';
import { type Memory, savedMemory } from './saved-memory.ts';
import { StateJournal } from './state-journal.ts';

export interface RecordKeeperOptions {
  readonly saver: StateSaver;
  readonly publisher: MeshPublisher;
  readonly log: ControllerLog;
  /** As `saver` kept it. */
  readonly saved: ReadonlyMap<string, unknown>;
  /** The newest decisions on record, the newest first. */
  readonly latestDecisions: readonly DecisionRecord[];
}

/** While the disk is full records are kept, but not without bound. */
const MOST_UNSAVED = 10_000;

/** What a look came to is recorded, said, saved, and followed until the sidecars have acknowledged it. */
export class RecordKeeper {
  readonly #options: RecordKeeperOptions;
  readonly #book: DecisionBook;
  readonly #journal: StateJournal;
  /** Records that could not be saved yet. */
  #unsaved: readonly DecisionRecord[] = [];

  constructor(options: RecordKeeperOptions) {
    this.#options = options;
    this.#book = new DecisionBook(options.latestDecisions);
    this.#journal = new StateJournal(options.saved);
  }

  /** What is saved was read anew: everything else is to be saved again. */
  begin(saved: ReadonlyMap<string, unknown>): void {
    this.#journal.begin(saved);
  }

  /**
   * @param notes what people did, and what receivers answered
   * @throws when it cannot be saved; the same is saved again with the next look
   */
  save(
    notes: readonly Note[],
    looks: readonly (readonly [string, ServiceOutcome | undefined])[],
    publication: Publication,
    memory: Memory,
    nowMs: number,
  ): void {
    const { saver, publisher, log } = this.#options;
    const records = [
      ...this.#book.record('', notes, undefined),
      ...looks.flatMap(([id, outcome]) => this.#book.record(id, outcome?.events ?? [], publication)),
    ];
    this.#unsaved = [...this.#unsaved, ...records].slice(-MOST_UNSAVED);
    for (const record of records) {
      log.info({ decision: record.id, subject: record.subject, reason: record.reason }, record.message);
    }
    try {
      saver.save(this.#journal.changes(savedMemory(memory)), this.#unsaved, nowMs);
    } catch (error) {
      this.#journal.forget();
      throw error;
    }
    this.#unsaved = [];
    const news = this.#book.follow((sequence, keys) => publisher.acknowledgement(sequence, keys), nowMs);
    for (const { id, acknowledged } of news) saver.acknowledge(id, acknowledged);
  }
}
