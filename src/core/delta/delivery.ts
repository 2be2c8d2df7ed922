import { type Answer, encodeHeartbeat } from './answer.ts';
import type { AnswerSource } from './group.ts';
import type { Resource } from './resource.ts';
import type { StreamState, Subscription, SubscriptionGroup } from './stream.ts';
import { AFTER_CLUSTERS, TYPE_URL } from './type-urls.ts';

export interface DeliverySettings {
  readonly warmingDeadlineMs: number;
  readonly stallDeadlineMs: number;
  readonly unacknowledgedAnswers: number;
}

/**
 * Decides what a stream is told next and when: in order, not before its clusters are warm, no faster than it
 * takes and acknowledges. What waits is not kept as messages: it is computed anew when its time comes, so
 * that a slow stream is told the newest state only.
 */
export class Delivery {
  readonly #settings: DeliverySettings;
  readonly #source: AnswerSource;
  readonly #sequence: () => number;
  readonly #sent: (subscription: Subscription, answer: Answer) => void;
  /** Streams that wait for something that a deadline ends. */
  readonly #waiting = new Set<StreamState>();

  constructor(
    settings: DeliverySettings,
    source: AnswerSource,
    sequence: () => number,
    sent: (subscription: Subscription, answer: Answer) => void,
  ) {
    this.#settings = settings;
    this.#source = source;
    this.#sequence = sequence;
    this.#sent = sent;
  }

  forget(stream: StreamState): void {
    this.#waiting.delete(stream);
  }

  /** Goes on with streams whose waiting is over; returns those that have hindered themselves for too long. */
  tick(now: number): { stream: StreamState; message: string }[] {
    const stalled: { stream: StreamState; message: string }[] = [];
    for (const stream of [...this.#waiting]) {
      this.advanceAll(stream, now);
      const since = stalledSince(stream, this.#settings.unacknowledgedAnswers);
      if (since === undefined || now - since < this.#settings.stallDeadlineMs) continue;
      const what = stream.blockedSince === undefined ? 'acknowledged nothing' : 'took no bytes';
      stalled.push({
        stream,
        message: `the stream ${what} for ${this.#settings.stallDeadlineMs} ms; connect again`,
      });
    }
    return stalled;
  }

  beat(group: SubscriptionGroup, alive: readonly Resource[], now: number): void {
    const beat = encodeHeartbeat(group.protocol, group.typeUrl, this.#source.nextNonce(), alive);
    for (const member of group.members) {
      const isFull = member.outstanding.length >= this.#settings.unacknowledgedAnswers;
      if (!member.isBehind && !isFull && member.stream.sink.ready) this.#send(member, beat, now);
    }
  }

  advanceAll(stream: StreamState, now: number): void {
    this.#waiting.delete(stream);
    for (const subscription of stream.inOrder()) this.advance(subscription, now);
  }

  /** Tells a subscription what it does not know, as far as it may be told now. */
  advance(subscription: Subscription, now: number): void {
    const { stream } = subscription;
    while (subscription.isBehind) {
      if (!stream.sink.ready) {
        stream.blockedSince ??= now;
        this.#waiting.add(stream);
        return;
      }
      if (
        subscription.outstanding.length >= this.#settings.unacknowledgedAnswers ||
        this.#mustWait(subscription, now) ||
        this.#isAllWithheld(subscription, now)
      ) {
        this.#waiting.add(stream);
        return;
      }
      const next = this.#nextAnswer(subscription, now);
      if (next) this.#send(subscription, next, now);
    }
  }

  /** "Eventual consistency considerations": routes are told when the clusters they lead to are warm. */
  #mustWait({ stream, typeUrl }: Subscription, now: number): boolean {
    return (
      stream.isAggregated &&
      AFTER_CLUSTERS.has(typeUrl) &&
      stream.isWarming(now, this.#settings.warmingDeadlineMs)
    );
  }

  #isAllWithheld(subscription: Subscription, now: number): boolean {
    if (subscription.stream.refusedClusters.size === 0 || subscription.queue.length > 0) return false;
    return subscription.owedNames().isSubsetOf(this.#withheld(subscription, now));
  }

  /**
   * Names of routes that are not to be told yet: they lead to a cluster that the client rejected and never had,
   * so that every call they take would fail, where those that they replace still serve.
   */
  #withheld(subscription: Subscription, now: number): Set<string> {
    const withheld = new Set<string>();
    const { stream, typeUrl } = subscription;
    if (stream.refusedClusters.size === 0) return withheld;
    const isOut = (cluster: string): boolean => {
      const since = stream.refusedClusters.get(cluster);
      return since !== undefined && now - since < this.#settings.warmingDeadlineMs;
    };
    for (const name of subscription.owedNames()) {
      if (this.#source.pool.get(typeUrl, name)?.clusterNames?.some(isOut)) withheld.add(name);
    }
    return withheld;
  }

  #nextAnswer(subscription: Subscription, now: number): Answer | undefined {
    if (subscription.queue.length === 0) {
      const withheld = this.#withheld(subscription, now);
      subscription.queue =
        withheld.size === 0
          ? subscription.takeAnswers(this.#source, this.#sequence())
          : subscription.takeAnswersBut(withheld, this.#source, this.#sequence());
    }
    const [next, ...rest] = subscription.queue;
    subscription.queue = rest;
    return next;
  }

  #send(subscription: Subscription, answer: Answer, now: number): void {
    const { stream } = subscription;
    subscription.outstanding.push({ answer, sequence: subscription.sentSequence, sentAt: now });
    subscription.lastNonce = answer.nonce;
    stream.sink.write(answer.framed);
    this.#sent(subscription, answer);
    if (answer.endpointsNames.length > 0 && stream.isAggregated) this.#oweEndpoints(stream, answer, now);
  }

  /**
   * A changed cluster is made anew by Envoy and waits for endpoints, for which it does not ask again where it
   * is subscribed to them already: they are told once more.
   */
  #oweEndpoints(stream: StreamState, clusters: Answer, now: number): void {
    const endpoints = stream.subscriptions.get(TYPE_URL.eds);
    if (!endpoints) {
      stream.clustersTold.push(clusters.endpointsNames);
      return;
    }
    const names = clusters.endpointsNames.filter((name) => endpoints.group.covers(name));
    if (names.length === 0) return;
    endpoints.owe(names, `after ${clusters.nonce}`);
    this.advance(endpoints, now);
  }
}

/** Since when a stream has hindered its own answers; undefined when it does not. */
function stalledSince(stream: StreamState, unacknowledgedAnswers: number): number | undefined {
  let since = stream.blockedSince;
  for (const { outstanding, isBehind } of stream.subscriptions.values()) {
    const oldest = outstanding[0];
    if (!oldest || !isBehind || outstanding.length < unacknowledgedAnswers) continue;
    since = Math.min(since ?? oldest.sentAt, oldest.sentAt);
  }
  return since;
}
