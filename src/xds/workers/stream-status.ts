import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Engine } from '../../core/delta/engine.ts';
import type { StreamState } from '../../core/delta/stream.ts';
import { countedOnce, factsOf, levelsOf } from '../../core/delta/stream-facts.ts';
import type { WorkerStatus, WorkerStream } from './messages.ts';
import type { Sequences } from './sequences.ts';

/** What a worker tells of its streams: what changed since it last told. */
export class StreamStatus {
  readonly #engine: Engine;
  readonly #sequences: Sequences;
  readonly #told = new Map<StreamState, { readonly id: number; text: string }>();
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });
  #ids = 0;

  constructor(engine: Engine, sequences: Sequences) {
    this.#engine = engine;
    this.#sequences = sequences;
    this.#delay.enable();
  }

  take(now: number): WorkerStatus {
    const counted = countedOnce(this.#engine);
    const streams = [...this.#engine.streams].flatMap((stream) => this.#changed(stream, counted, now) ?? []);
    const gone = [...this.#told].flatMap(([stream, { id }]) => {
      if (this.#engine.streams.has(stream)) return [];
      this.#told.delete(stream);
      return [id];
    });
    const { subscriptions, laggards, slowestLagMs } = levelsOf(this.#engine, now);
    return { streams, gone, subscriptions, laggards, slowestLagMs, facts: this.#facts() };
  }

  #changed(
    stream: StreamState,
    counted: ReturnType<typeof countedOnce>,
    now: number,
  ): WorkerStream | undefined {
    const facts = factsOf(stream, counted, now);
    if (!facts) return undefined;
    const { node, ...rest } = facts;
    const types = rest.types.map((type) => ({
      ...type,
      sentSequence: this.#sequences.toDeciding(type.sentSequence),
      acknowledgedSequence: this.#sequences.toDeciding(type.acknowledgedSequence),
    }));
    const told = this.#told.get(stream);
    const text = JSON.stringify([rest.converged, rest.lastAckAt, rest.lagMs, types]);
    if (told?.text === text) return undefined;
    if (told) {
      told.text = text;
      return { ...rest, types, id: told.id };
    }
    const id = ++this.#ids;
    this.#told.set(stream, { id, text });
    return { ...rest, types, id, node };
  }

  #facts(): WorkerStatus['facts'] {
    const { user, system } = process.cpuUsage();
    const eventLoopDelayMs = this.#delay.percentile(99) / 1e6;
    this.#delay.reset();
    return { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss(), eventLoopDelayMs };
  }
}
