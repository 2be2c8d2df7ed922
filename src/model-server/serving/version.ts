import type { InferenceRequest } from '../protocol/inference.ts';
import { asProblem, Problem } from '../protocol/problem.ts';
import { validateInputs, validateOutputs } from '../protocol/validate.ts';
import type { LoadedModel } from '../runner/messages.ts';
import { type Runner, startRunner } from '../runner/process.ts';
import { watchRunner } from '../runner/watchdog.ts';
import type { Signature, Tensor } from '../tensors/tensor.ts';
import { deathsInRow, restartDelayMs } from './backoff.ts';
import { groupOf, requireRows } from './batch.ts';
import { Scheduler, type Work, type WorkResult } from './scheduler.ts';
import type { VersionEvents, VersionSettings, VersionState } from './version-contract.ts';
import { warmUp } from './warm-up.ts';

const PROBE_PRIORITY = 0;

/** One version of a model: its runner, which is replaced when it dies, and the work for it. */
export class ServedVersion {
  readonly settings: VersionSettings;
  readonly scheduler: Scheduler;
  readonly #events: VersionEvents;
  #state: VersionState = 'LOADING';
  #reason = '';
  #loaded: LoadedModel | undefined;
  #runner: Runner | undefined;
  #batchable = false;
  #maxBatchRows = 1;
  #probe: readonly Tensor[] = [];
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(settings: VersionSettings, events: VersionEvents) {
    this.settings = settings;
    this.#events = events;
    this.scheduler = new Scheduler({
      maxBatchRows: 1,
      maxQueue: settings.maxQueue,
      onBatch: (run) => events.onBatch(settings, run),
      onUnbatchable: () =>
        events.onUnbatchable(settings, 'its outputs did not have one row for each input row'),
    });
  }

  get state(): VersionState {
    return this.#state;
  }

  /** Why it is in its state, empty when there is nothing to say. */
  get reason(): string {
    return this.#reason;
  }

  /** What the runtime says of the model; undefined until it has been loaded once. */
  get loaded(): LoadedModel | undefined {
    return this.#loaded;
  }

  get runnerPid(): number | undefined {
    return this.#runner?.pid;
  }

  /**
   * Starts serving, and resolves once the first attempt has ended: READY, or UNAVAILABLE with the reason. A model that
   * cannot be loaded stays so; a runner that dies is replaced for as long as it takes.
   */
  start(): Promise<void> {
    return new Promise((resolve) => {
      void this.#keepAlive(resolve);
    });
  }

  /** Computes a request, or rejects with a `Problem`. */
  infer(request: InferenceRequest): Promise<WorkResult> {
    try {
      const signature = this.#signature();
      const inputs = validateInputs(signature, request.inputs);
      validateOutputs(signature, request.outputs);
      return this.scheduler.submit({
        inputs,
        outputs: request.outputs,
        group: groupOf(inputs, request.outputs),
        rows: this.#batchable ? requireRows(inputs, this.settings.maxBatchRows) : 1,
        priority: request.priority,
        deadlineMs: request.deadlineMs,
        onGone: request.onGone,
      });
    } catch (thrown) {
      return Promise.reject(asProblem(thrown));
    }
  }

  /** Takes no new requests, ends what has been taken, then the runner. */
  async unload(): Promise<void> {
    this.#closed = true;
    this.#become('UNLOADING', '');
    await this.scheduler.idle();
    const runner = this.#runner;
    runner?.stop();
    this.#wake();
    await runner?.exited;
  }

  #signature(): Signature {
    if (this.#state === 'READY' && this.#loaded) return this.#loaded.signature;
    const why = this.#reason === '' ? '' : `: ${this.#reason}`;
    throw new Problem(
      'UNAVAILABLE',
      `model "${this.settings.model}" version "${this.settings.version}" is ${this.#state}${why}`,
    );
  }

  async #keepAlive(onFirstOutcome: () => void): Promise<void> {
    for (let deaths = 0; !this.#closed; ) {
      const startedMs = performance.now();
      const runner = startRunner((words) => this.#events.onRunnerWords(this.settings, words));
      this.#runner = runner;
      const unwatch = this.#watch(runner);
      try {
        await this.#prepare(runner);
        onFirstOutcome();
        const { reason } = await runner.exited;
        if (this.#closed) return;
        throw new Problem('UNAVAILABLE', reason);
      } catch (thrown) {
        const problem = asProblem(thrown);
        this.scheduler.detach(problem);
        if (this.#closed) return;
        this.#become('UNAVAILABLE', problem.message);
        runner.kill(problem.message);
        onFirstOutcome();
        if (problem.code !== 'UNAVAILABLE') return;
        this.#events.onRunnerLost(this.settings, problem.message);
        deaths = deathsInRow(deaths, performance.now() - startedMs);
        await this.#pause(restartDelayMs(deaths));
      } finally {
        unwatch();
      }
    }
  }

  async #prepare(runner: Runner): Promise<void> {
    this.#become('LOADING', '');
    const startedMs = performance.now();
    const loaded = await runner.load(await this.settings.source(), this.settings.session);
    const loadMs = performance.now() - startedMs;
    const warmed = await warmUp(runner, loaded.signature, this.settings.maxBatchRows);
    if (this.#closed) return;
    this.#loaded = loaded;
    this.#probe = warmed.probe;
    this.#batchable = warmed.unbatchable === undefined && this.settings.maxBatchRows > 1;
    this.#maxBatchRows = warmed.maxBatchRows;
    if (warmed.unbatchable !== undefined) this.#events.onUnbatchable(this.settings, warmed.unbatchable);
    this.#events.onLoaded(this.settings, loaded, loadMs, performance.now() - startedMs - loadMs);
    this.scheduler.attach(runner, this.#maxBatchRows);
    this.#become('READY', '');
  }

  /** Ends a hung runner, and asks an idle one now and then whether it still infers. */
  #watch(runner: Runner): () => void {
    const unwatch = watchRunner({
      pid: runner.pid,
      busySinceMs: () => this.scheduler.busySinceMs,
      computesOnCpu: this.settings.session.providers.every((provider) => provider === 'cpu'),
      runTimeoutMs: this.settings.runTimeoutMs,
      onHung: (reason) => runner.kill(reason),
    });
    const { probeAfterMs } = this.settings;
    if (probeAfterMs === 0) return unwatch;
    const timer = setInterval(() => this.#probeWhenIdle(runner), probeAfterMs / 2);
    timer.unref();
    return () => {
      unwatch();
      clearInterval(timer);
    };
  }

  #probeWhenIdle(runner: Runner): void {
    const { queued, inFlight, lastSuccessMs } = this.scheduler;
    if (this.#state !== 'READY' || queued + inFlight > 0) return;
    if (performance.now() - lastSuccessMs < this.settings.probeAfterMs) return;
    const probe: Work = {
      inputs: this.#probe,
      outputs: [],
      group: 'probe',
      rows: 1,
      priority: PROBE_PRIORITY,
      deadlineMs: Number.POSITIVE_INFINITY,
      dummy: true,
    };
    this.scheduler.submit(probe).catch((thrown: unknown) => {
      const { code, message } = asProblem(thrown);
      if (code !== 'UNAVAILABLE') runner.kill(`a dummy inference failed: ${message}`);
    });
  }

  #become(state: VersionState, reason: string): void {
    this.#state = state;
    this.#reason = reason;
    this.#events.onState(this.settings, state, reason);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#closed) this.#wake();
    });
  }
}
