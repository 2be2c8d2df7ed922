import { asProblem, Problem } from '../protocol/problem.ts';
import type { BatchResult, Runner } from '../runner/process.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { joinInputs, splitOutputs } from './batch.ts';
import { BatchQueue, type Queued } from './queue.ts';

/** What the scheduler needs of a runner. */
export type BatchRunner = Pick<Runner, 'run'>;

/** One request's part of the work. */
export interface Work extends Queued {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  /** Calls back when the caller has gone. */
  readonly onGone?: ((listener: () => void) => void) | undefined;
  /** Whether it is made by the server itself, and so counts nowhere. */
  readonly dummy?: true;
}

/** What one request came to. */
export interface WorkResult {
  readonly outputs: readonly Tensor[];
  readonly queueMs: number;
  readonly computeMs: number;
}

/** One run of the runner, for the metrics. */
export interface BatchRun {
  readonly rows: number;
  readonly computeMs: number;
  /** From handing the batch over to having the answer. */
  readonly totalMs: number;
}

export interface SchedulerSettings {
  readonly maxBatchRows: number;
  readonly maxQueue: number;
  readonly onBatch: (run: BatchRun) => void;
  /** Told once, when the model's outputs turn out not to have one row for each input row. */
  readonly onUnbatchable: () => void;
}

interface Entry extends Work {
  readonly queuedMs: number;
  readonly resolve: (result: WorkResult) => void;
  readonly reject: (problem: Problem) => void;
}

/**
 * Batches while busy: whatever queued while the runner worked is the next batch, and an idle runner starts at once.
 * A request is given its own rows or an error, never another's.
 */
export class Scheduler {
  readonly #settings: SchedulerSettings;
  readonly #queue: BatchQueue<Entry>;
  #maxRows: number;
  #runner: BatchRunner | undefined;
  #inFlight = 0;
  #busySinceMs: number | undefined;
  #busyTotalMs = 0;
  #planned = false;
  #lastSuccessMs = 0;
  #onIdle: (() => void)[] = [];

  constructor(settings: SchedulerSettings) {
    this.#settings = settings;
    this.#maxRows = settings.maxBatchRows;
    this.#queue = new BatchQueue(settings.maxQueue);
  }

  /** Requests that wait. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Requests that are being computed. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Since when the runner has worked on the present batch, in ms of `performance.now()`. */
  get busySinceMs(): number | undefined {
    return this.#busySinceMs;
  }

  /** How long the runner has worked in all, in ms. */
  get busyTotalMs(): number {
    return this.#busyTotalMs + (this.#busySinceMs === undefined ? 0 : performance.now() - this.#busySinceMs);
  }

  /** When a request last succeeded, in ms of `performance.now()`. */
  get lastSuccessMs(): number {
    return this.#lastSuccessMs;
  }

  /** Gives work to a runner that has loaded the model. */
  attach(runner: BatchRunner, maxBatchRows: number): void {
    this.#runner = runner;
    this.#maxRows = maxBatchRows;
    this.#lastSuccessMs = performance.now();
    this.#plan();
  }

  /** Takes the runner away and fails what waits; what is being computed ends with the runner. */
  detach(problem: Problem): void {
    this.#runner = undefined;
    for (const entry of this.#queue.clear()) entry.reject(problem);
    this.#settle();
  }

  /** Resolves when nothing waits and nothing is being computed. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.#settle();
    });
  }

  /**
   * Computes one request. Rejects with RESOURCE_EXHAUSTED when the queue is full, DEADLINE_EXCEEDED when its deadline
   * passed in the queue, CANCELLED when its caller has gone, UNAVAILABLE when the runner has.
   */
  submit(work: Work): Promise<WorkResult> {
    return new Promise((resolve, reject) => {
      if (!this.#runner) {
        reject(new Problem('UNAVAILABLE', 'the model has no runner at the moment'));
        return;
      }
      const entry: Entry = { ...work, queuedMs: performance.now(), resolve, reject };
      const refused = this.#queue.push(entry);
      refused?.reject(
        new Problem(
          'RESOURCE_EXHAUSTED',
          `the queue is full (${this.#settings.maxQueue} requests wait already)`,
        ),
      );
      work.onGone?.(() => this.#cancel(entry));
      this.#plan();
    });
  }

  #cancel(entry: Entry): void {
    if (this.#queue.remove(entry)) entry.reject(new Problem('CANCELLED', 'the caller has gone'));
    this.#settle();
  }

  /** Takes the next batch after what has already arrived has been read: requests of one packet share a batch. */
  #plan(): void {
    if (this.#planned || this.#busySinceMs !== undefined) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.#next();
    });
  }

  #next(): void {
    const runner = this.#runner;
    if (!runner || this.#busySinceMs !== undefined) return;
    const { batch, expired } = this.#queue.take(this.#maxRows, performance.now());
    for (const entry of expired) {
      entry.reject(
        new Problem('DEADLINE_EXCEEDED', 'the deadline passed while the request waited in the queue'),
      );
    }
    if (batch.length === 0) {
      this.#settle();
      return;
    }
    const startedMs = performance.now();
    this.#busySinceMs = startedMs;
    this.#inFlight = batch.length;
    void this.#compute(runner, batch).then((answer) => {
      // What has arrived by now is read before the next batch is taken, and the runner is given that batch before the
      // answers go out: it should not wait for either.
      setImmediate(() => {
        this.#busyTotalMs += performance.now() - startedMs;
        this.#busySinceMs = undefined;
        this.#inFlight = 0;
        this.#next();
        answer(startedMs);
        this.#settle();
      });
    });
  }

  /** Computes a batch; what it returns gives each request its answer. */
  async #compute(runner: BatchRunner, batch: readonly Entry[]): Promise<(startedMs: number) => void> {
    try {
      const { outputs, computeMs } = await this.#run(runner, batch);
      const parts = batch.length === 1 ? [outputs] : splitOutputs(outputs, batch.map(rowsOfEntry));
      if (parts) {
        this.#lastSuccessMs = performance.now();
        return (startedMs) => {
          for (const [index, { resolve, queuedMs }] of batch.entries()) {
            resolve({ outputs: parts[index] ?? [], queueMs: startedMs - queuedMs, computeMs });
          }
        };
      }
      this.#maxRows = 1;
      this.#settings.onUnbatchable();
    } catch (thrown) {
      const problem = asProblem(thrown);
      // A single bad request fails the batch it is in: its neighbours get another chance, each alone.
      if (batch.length === 1 || problem.code === 'UNAVAILABLE') {
        return () => {
          for (const entry of batch) entry.reject(problem);
        };
      }
    }
    const answers: ((startedMs: number) => void)[] = [];
    for (const entry of batch) answers.push(await this.#compute(runner, [entry]));
    return (startedMs) => {
      for (const answer of answers) answer(startedMs);
    };
  }

  async #run(runner: BatchRunner, batch: readonly Entry[]): Promise<BatchResult> {
    const startedMs = performance.now();
    const outputs = batch[0]?.outputs ?? [];
    const result = await runner.run(joinInputs(batch.map((entry) => entry.inputs)), outputs);
    const rows = batch.reduce((sum, entry) => sum + (entry.dummy ? 0 : entry.rows), 0);
    const totalMs = performance.now() - startedMs;
    if (rows > 0) this.#settings.onBatch({ rows, computeMs: result.computeMs, totalMs });
    return result;
  }

  #settle(): void {
    if (this.#queue.length > 0 || this.#busySinceMs !== undefined) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

function rowsOfEntry(entry: Entry): number {
  return entry.rows;
}
