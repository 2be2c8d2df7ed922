import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StreamFacts } from '../../core/delta/facts.ts';
import type { FromWorker, ToWorker, WorkerStatus } from './messages.ts';

const WORKER_FILE = fileURLToPath(new URL(`./main${extname(import.meta.filename)}`, import.meta.url));

/** What a worker says, but for what the link itself keeps. */
type Said = Exclude<FromWorker, { type: 'status' | 'freed' }>;

export interface LinkHandler {
  said(link: WorkerLink, message: Said): void;
  /** The process is gone. */
  gone(link: WorkerLink, reason: string): void;
}

/** One worker process as the deciding one sees it. */
export class WorkerLink {
  readonly #child: ChildProcess;
  /** Connections that it has. */
  connections = 0;
  /** As it last told. */
  status: WorkerStatus | undefined;
  readonly streams = new Map<number, StreamFacts>();

  constructor(handler: LinkHandler) {
    this.#child = fork(WORKER_FILE, [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: FromWorker) => {
      if (message.type === 'status') this.#noteStatus(message.status);
      else if (message.type === 'freed') this.connections--;
      else handler.said(this, message);
    });
    this.#child.on('error', () => {}); // what could not be sent; 'exit' follows
    this.#child.once('exit', (code, signal) => handler.gone(this, signal ?? `exit code ${code}`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Hands a connection over; it is closed where that fails, and its client connects again. */
  give(socket: Socket): void {
    this.connections++;
    this.#child.send({ type: 'connection' } satisfies ToWorker, socket, (error) => {
      if (error) socket.destroy();
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #noteStatus(status: WorkerStatus): void {
    this.status = status;
    for (const id of status.gone) this.streams.delete(id);
    for (const { id, opened, ...progress } of status.streams) {
      const known = opened ?? this.streams.get(id);
      if (known) this.streams.set(id, { ...known, ...progress });
    }
  }
}
