import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Engine } from '../../core/delta/engine.ts';
import type { TypeFacts } from '../../core/delta/facts.ts';
import type { StreamState } from '../../core/delta/stream.ts';
import { countedOnce, levelsOf, progressOf, typeFacts } from '../../core/delta/stream-facts.ts';
import type { WorkerStatus, WorkerStream } from './messages.ts';
import type { Sequences } from './sequences.ts';

interface Told {
  readonly id: number;
  text: string;
}

/**
 * What a worker tells of its streams: what changed since it last told. Streams that are equally far share one account
 * of their types, which a message between processes carries once.
 */
export class StreamStatus {
  readonly #engine: Engine;
  readonly #sequences: Sequences;
  readonly #told = new Map<StreamState, Told>();
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });
  #ids = 0;

  constructor(engine: Engine, sequences: Sequences) {
    this.#engine = engine;
    this.#sequences = sequences;
    this.#delay.enable();
  }

  take(now: number): WorkerStatus {
    const accounts = new Accounts(this.#engine, this.#sequences);
    const streams = [...this.#engine.streams].flatMap((stream) => this.#changed(stream, accounts, now) ?? []);
    const gone = [...this.#told].flatMap(([stream, { id }]) => {
      if (this.#engine.streams.has(stream)) return [];
      this.#told.delete(stream);
      return [id];
    });
    const { subscriptions, laggards, slowestLagMs } = levelsOf(this.#engine, now);
    return { streams, gone, subscriptions, laggards, slowestLagMs, facts: this.#facts() };
  }

  #changed(stream: StreamState, accounts: Accounts, now: number): WorkerStream | undefined {
    const { node, view, peer, protocol, openedAt: connectedAt } = stream;
    if (!node || !view) return undefined;
    const progress = progressOf(stream, now);
    const account = accounts.textOf(stream);
    const text = `${progress.converged} ${progress.lastAckAt} ${progress.lagMs} ${account}`;
    const told = this.#told.get(stream);
    if (told?.text === text) return undefined;
    const types = accounts.typesOf(stream, account);
    if (told) {
      told.text = text;
      return { id: told.id, ...progress, types };
    }
    const id = ++this.#ids;
    this.#told.set(stream, { id, text });
    return { id, ...progress, types, opened: { node, view: view.key, peer, protocol, connectedAt } };
  }

  #facts(): WorkerStatus['facts'] {
    const { user, system } = process.cpuUsage();
    const eventLoopDelayMs = this.#delay.percentile(99) / 1e6;
    this.#delay.reset();
    return { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss(), eventLoopDelayMs };
  }
}

/** How far streams have followed each type, an account for all that are equally far. */
class Accounts {
  readonly #sequences: Sequences;
  readonly #counted: ReturnType<typeof countedOnce>;
  readonly #types = new Map<string, readonly TypeFacts[]>();

  constructor(engine: Engine, sequences: Sequences) {
    this.#sequences = sequences;
    this.#counted = countedOnce(engine);
  }

  /** Equal for streams that are equally far. */
  textOf(stream: StreamState): string {
    let text = '';
    for (const subscription of stream.subscriptions.values()) {
      const { typeUrl, group, sentSequence, acknowledgedSequence, isConverged, rejected } = subscription;
      const rejection = rejected.size === 0 ? '' : ([...rejected.values()].at(-1)?.nonce ?? '');
      text += `${typeUrl} ${this.#counted(group)} ${sentSequence} ${acknowledgedSequence} ${isConverged} ${rejection};`;
    }
    return text;
  }

  typesOf(stream: StreamState, text: string): readonly TypeFacts[] {
    let types = this.#types.get(text);
    if (!types) {
      types = stream.inOrder().map((subscription) => {
        const facts = typeFacts(subscription, this.#counted(subscription.group));
        const sentSequence = this.#sequences.toDeciding(facts.sentSequence);
        const acknowledgedSequence = this.#sequences.toDeciding(facts.acknowledgedSequence);
        return { ...facts, sentSequence, acknowledgedSequence };
      });
      this.#types.set(text, types);
    }
    return types;
  }
}
