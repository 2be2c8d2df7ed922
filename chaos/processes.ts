import { existsSync, readFileSync } from 'node:fs';
import { type Child, type ChildOptions, startChild } from '../src/demo/child.ts';
import { waitUntil } from '../src/demo/wait-until.ts';

/** A program of the system under test, and how it is started again. */
export class Program {
  readonly name: string;
  readonly #options: ChildOptions;
  #child: Child | undefined;
  /** Lines that it wrote since it was last started. */
  #lines: string[] = [];
  /** It was ended on purpose; any other end is its own doing. */
  #wasEnded = true;
  /** How it ended by itself, each time. */
  readonly crashes: string[] = [];

  constructor(options: ChildOptions) {
    this.name = options.name;
    this.#options = options;
  }

  start(): void {
    this.#lines = [];
    this.#wasEnded = false;
    const child = startChild({ ...this.#options, onLine: (line) => this.#lines.push(line) });
    this.#child = child;
    void child.ended.then((how) => {
      if (!this.#wasEnded) this.crashes.push(`${how}: ${this.#lines.slice(-3).join(' | ')}`);
    });
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  get isRunning(): boolean {
    return this.#child?.running() ?? false;
  }

  said(text: string): boolean {
    return this.#lines.some((line) => line.includes(text));
  }

  get lastLine(): string {
    return this.#lines.at(-1) ?? '';
  }

  async kill(): Promise<void> {
    this.#wasEnded = true;
    await this.#child?.kill();
  }

  async stop(): Promise<void> {
    this.#wasEnded = true;
    this.wake();
    await this.#child?.stop();
  }

  /** Waits until it ended by itself, which here is what it should do. */
  async ends(): Promise<string> {
    this.#wasEnded = true;
    return (await this.#child?.ended) ?? 'never started';
  }

  /** SIGSTOP: it is there and does nothing. */
  freeze(): void {
    this.#signal('SIGSTOP');
  }

  wake(): void {
    this.#signal('SIGCONT');
  }

  /** Resident memory, bytes; undefined while it does not run. */
  get residentBytes(): number | undefined {
    const file = `/proc/${this.pid}/status`;
    if (!this.isRunning || !existsSync(file)) return undefined;
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  }

  /** How long it has wanted a processor and had none since it began, ms; 0 where the machine does not tell. */
  get starvedMs(): number {
    const file = `/proc/${this.pid}/schedstat`;
    if (!this.isRunning || !existsSync(file)) return 0;
    return Number(readFileSync(file, 'utf8').split(' ')[1]) / 1e6;
  }

  #signal(name: NodeJS.Signals): void {
    if (this.isRunning) process.kill(this.pid, name);
  }
}

/** Waits until a program that was started again does its work. @throws with what it said last when it does not */
export async function backAgain(program: Program, ready: () => Promise<boolean> | boolean): Promise<void> {
  await waitUntil(`${program.name} is back`, ready, { everyMs: 20, timeoutMs: 180_000 }).catch(
    (error: unknown) => {
      throw new Error(`${error}; it ${program.isRunning ? 'runs' : 'ended'} and said: ${program.lastLine}`);
    },
  );
}
