import type { Protocol } from '../core/delta/answer.ts';
import type { Resource } from '../core/delta/resource.ts';
import { TYPE_URL } from '../core/delta/type-urls.ts';
import type { StreamingCall } from '../grpc/streaming-call.ts';
import type { SecretSource, XdsOptions } from './contract.ts';
import { DiscoveryStreams } from './discovery-streams.ts';
import type { XdsSettings } from './settings.ts';

/** The secrets of an identity are kept so long after its last stream: sidecars come back. */
const KEEP_MS = 60_000;
const VIEW = 'secrets';

interface Holder {
  readonly streams: DiscoveryStreams;
  stop(): void;
  emptySince: number | undefined;
}

/**
 * Serves secrets: under the same names each identity gets its own, so each has a state of its own. An identity is
 * what the connection proved, never what the node says.
 */
export class SecretStreams {
  readonly #options: XdsOptions;
  readonly #settings: XdsSettings;
  readonly #source: SecretSource;
  readonly #now: () => number;
  readonly #holders = new Map<string, Holder>();

  constructor(options: XdsOptions, settings: XdsSettings, source: SecretSource, now: () => number) {
    // Who is connected, and since when, is told by the stream of everything else.
    const { refused, rejected } = options.listener ?? {};
    this.#options = {
      address: options.address,
      nodes: { ...options.nodes, viewOf: () => VIEW },
      listener: { ...(refused && { refused }), ...(rejected && { rejected }) },
    };
    this.#settings = settings;
    this.#source = source;
    this.#now = now;
  }

  serve(call: StreamingCall, protocol: Protocol): void {
    const { identity } = call.peer;
    if (identity === undefined) {
      const message = 'secrets are given to who proves an identity: serve xDS with --xds-client-ca';
      call.end({ code: 'UNAUTHENTICATED', message });
      return;
    }
    const holder = this.#holders.get(identity) ?? this.#open(identity);
    holder.emptySince = undefined;
    holder.streams.serve(call, protocol, TYPE_URL.sds);
  }

  tick(): void {
    for (const [identity, holder] of this.#holders) {
      holder.streams.tick();
      if (holder.streams.engine.streams.size > 0) continue;
      holder.emptySince ??= this.#now();
      if (this.#now() - holder.emptySince < KEEP_MS) continue;
      holder.stop();
      this.#holders.delete(identity);
    }
  }

  admitAgain(): void {
    for (const { streams } of this.#holders.values()) streams.admitAgain();
  }

  endAll(): void {
    for (const { streams, stop } of this.#holders.values()) {
      streams.endAll();
      stop();
    }
  }

  /** Nothing is told before the first secrets are there. */
  #open(identity: string): Holder {
    const streams = new DiscoveryStreams(this.#options, this.#settings, this.#now);
    const told = (secrets: readonly Resource[]): void => {
      streams.engine.publish({ upsert: [...secrets], views: [[VIEW, {}]] }, this.#now());
      streams.engine.flush(this.#now());
    };
    const holder = { streams, stop: this.#source.follow(identity, told), emptySince: undefined };
    this.#holders.set(identity, holder);
    return holder;
  }
}
