import type { Socket } from 'node:net';
import type { Acknowledgement, NodeIdentity } from '../../core/delta/facts.ts';
import type { Peer } from '../../grpc/peer.ts';
import type { TlsCredentials } from '../../grpc/tls.ts';
import { NodeRefused, type XdsListener, type XdsOptions } from '../contract.ts';
import type { XdsSettings } from '../settings.ts';
import { SecretFollowers } from './followed-secrets.ts';
import type { FromWorker } from './messages.ts';
import { OpenStreams } from './open-streams.ts';
import { WorkerLink } from './worker-link.ts';

/** A worker that ended sooner than this is not started again at once, ms. */
const SHORT_LIFE_MS = 5_000;
const START_AGAIN_MS = 1_000;

/** What is asked of whoever keeps the state. */
export interface WorkersHandler {
  /** A worker is ready: it is to be told everything. */
  joins(link: WorkerLink): void;
  left(link: WorkerLink): void;
  answered(link: WorkerLink, id: number, acknowledgement: Acknowledgement): void;
}

/** The processes that serve streams: as many as were asked for, whatever ends. */
export class Workers {
  readonly #options: XdsOptions;
  readonly #settings: XdsSettings;
  readonly #listener: XdsListener;
  readonly #handler: WorkersHandler;
  readonly #open = new Map<WorkerLink, OpenStreams>();
  readonly #ready = new Set<WorkerLink>();
  readonly #secrets: SecretFollowers;
  /** Connections that came while no worker was ready. */
  readonly #waiting: Socket[] = [];
  #tls: XdsOptions['tls'];
  #isClosing = false;
  #changed = (): void => {};

  constructor(options: XdsOptions, settings: XdsSettings, handler: WorkersHandler) {
    this.#options = options;
    this.#settings = settings;
    this.#tls = options.tls;
    this.#listener = options.listener ?? {};
    this.#handler = handler;
    this.#secrets = new SecretFollowers(options.secrets);
  }

  /** Those that serve. */
  get links(): readonly WorkerLink[] {
    return [...this.#ready];
  }

  /** Starts so many, and resolves when all of them are ready. */
  async start(count: number): Promise<void> {
    for (let i = 0; i < count; i++) this.#startOne();
    await this.#until(() => this.#ready.size === count);
  }

  /** Hands a connection to the worker that has the fewest. */
  give(socket: Socket): void {
    let least: WorkerLink | undefined;
    for (const link of this.#ready) if (!least || link.connections < least.connections) least = link;
    if (least) least.give(socket);
    else this.#waiting.push(socket);
  }

  /** Has every worker, and each that is started later, use these certificates. */
  rotate(tls: TlsCredentials): void {
    this.#tls = tls;
    for (const link of this.#open.keys()) link.send({ type: 'rotate', tls });
  }

  /** Has every worker end its streams; what is left after the deadline is killed. */
  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true;
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    for (const link of this.#open.keys()) link.send({ type: 'close' });
    const timer = setTimeout(() => {
      for (const link of this.#open.keys()) link.kill();
    }, deadlineMs);
    await this.#until(() => this.#open.size === 0);
    clearTimeout(timer);
  }

  #startOne(): void {
    const startedAt = Date.now();
    const link = new WorkerLink({
      said: (from, message) => this.#take(from, message),
      gone: (from, reason) => this.#lost(from, reason, Date.now() - startedAt),
    });
    this.#open.set(link, new OpenStreams());
    link.send({
      type: 'start',
      settings: this.#settings,
      tls: this.#tls,
      takesLatencies: this.#listener.latencyReport !== undefined,
      givesSecrets: this.#options.secrets !== undefined,
    });
  }

  #take(link: WorkerLink, message: Parameters<ConstructorParameters<typeof WorkerLink>[0]['said']>[1]): void {
    switch (message.type) {
      case 'ready':
        this.#ready.add(link);
        this.#handler.joins(link);
        for (const socket of this.#waiting.splice(0)) this.give(socket);
        this.#changed();
        return;
      case 'place':
        void this.#place(link, message);
        return;
      case 'follow':
      case 'unfollow':
        this.#secrets.take(link, message);
        return;
      case 'happened':
        this.#open.get(link)?.take(message.happened, this.#listener, this.#options.metrics);
        return;
      case 'answers':
        for (const { id, acknowledgement } of message.answers)
          this.#handler.answered(link, id, acknowledgement);
    }
  }

  async #place(link: WorkerLink, { id, node, peer }: Extract<FromWorker, { type: 'place' }>): Promise<void> {
    try {
      link.send({ type: 'placed', id, view: await this.#viewOf(node, peer) });
    } catch (error) {
      if (!(error instanceof NodeRefused)) throw error;
      link.send({ type: 'notServed', id, why: error.message, code: error.code });
    }
  }

  async #viewOf(node: NodeIdentity, peer: Peer): Promise<string> {
    this.#options.nodes.admit?.(node, peer);
    return this.#options.nodes.viewOf(node, peer);
  }

  #lost(link: WorkerLink, reason: string, livedMs: number): void {
    this.#ready.delete(link);
    this.#handler.left(link);
    this.#secrets.left(link);
    const streams = this.#open.get(link)?.closeAll(this.#listener, this.#options.metrics) ?? 0;
    this.#open.delete(link);
    this.#changed();
    if (this.#isClosing) return;
    this.#listener.workerLost?.({ pid: link.pid, reason, streams });
    const again = () => {
      if (!this.#isClosing) this.#startOne();
    };
    if (livedMs < SHORT_LIFE_MS) setTimeout(again, START_AGAIN_MS);
    else again();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#changed = resolve;
      await promise;
    }
    this.#changed = () => {};
  }
}
