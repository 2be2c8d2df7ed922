import type { Answer } from './answer.ts';
import { Delivery, type DeliverySettings } from './delivery.ts';
import type { NodeIdentity, Rejection } from './facts.ts';
import { Groups } from './groups.ts';
import { HeldRemovals } from './held-removals.ts';
import { ResourcePool } from './pool.ts';
import { Publisher } from './publisher.ts';
import { noteClusters } from './refused-clusters.ts';
import { type DiscoveryRequest, parseDeltaRequest, parseSotwRequest } from './request.ts';
import { typeOf } from './request-type.ts';
import { applyDeltaNames, applySotwNames, type RequestContext } from './requests.ts';
import type { Change, Publication } from './resource.ts';
import { RequestRefused } from './sink.ts';
import { type StreamOpening, StreamState, Subscription, type SubscriptionGroup } from './stream.ts';
import { rankOf, TYPE_URL, type TypeUrl } from './type-urls.ts';
import { View } from './view.ts';

export interface EngineSettings extends DeliverySettings {
  readonly removalDeadlineMs: number;
  readonly namesPerType: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
}

/** What the engine asks of its surroundings. */
export interface EngineSurroundings {
  /** @throws {MalformedMessage} */
  decodeNode(bytes: Buffer): NodeIdentity;
  /**
   * The key of the view that a stream's node is shown; undefined where {@link Engine.place} will tell.
   * @throws {RequestRefused}
   */
  viewOf(node: NodeIdentity, stream: StreamState): string | undefined;
  /** Whether a stream may ask for what a request names. Without it, it may. @throws {RequestRefused} */
  authorise?(stream: StreamState, typeUrl: TypeUrl, request: DiscoveryRequest): void;
  identified(stream: StreamState): void;
  sent(subscription: Subscription, answer: Answer): void;
  acknowledged(subscription: Subscription, afterMs: number): void;
  rejected(subscription: Subscription, rejection: Rejection): void;
}

/**
 * The xDS protocol's state without its transport: resources, views, streams, and who knows what. It reads no
 * clock (time is an argument, ms) and starts no timer; its streams' sinks are where bytes leave.
 *
 * Work is in proportion to what changed: a changed resource leads to the groups that cover it, a group to its
 * members, and all members that know the same are sent the same bytes.
 */
export class Engine {
  readonly settings: EngineSettings;
  readonly pool = new ResourcePool();
  readonly groups = new Groups();
  readonly streams = new Set<StreamState>();
  readonly #views = new Map<string, View>();
  /** Removed, and freed when the last name and the last stream have left it. */
  readonly #leaving = new Set<View>();
  readonly #held = new HeldRemovals();
  readonly #publisher = new Publisher(this.pool, this.groups, this.#held, (key) => this.#view(key));
  readonly #surroundings: EngineSurroundings;
  readonly #context: RequestContext;
  readonly #delivery: Delivery;
  #nonces = 0;
  #labels = 0;

  constructor(settings: EngineSettings, surroundings: EngineSurroundings) {
    this.settings = settings;
    this.#surroundings = surroundings;
    const nextNonce = (): string => (++this.#nonces).toString(36);
    this.#delivery = new Delivery(
      settings,
      { pool: this.pool, answerBytes: settings.answerBytes, nextNonce },
      () => this.sequence,
      (subscription, answer) => surroundings.sent(subscription, answer),
    );
    const engine = this;
    this.#context = {
      groups: this.groups,
      namesPerType: settings.namesPerType,
      get sequence() {
        return engine.sequence;
      },
      versionOf: (sub, name) =>
        sub.group.covers(name) ? this.pool.get(sub.typeUrl, name)?.version : undefined,
      nextLabel: () => `label ${++this.#labels}`,
    };
  }

  /** Number of the newest publication; 0 before the first. */
  get sequence(): number {
    return this.#publisher.sequence;
  }

  /** Whether something was published that streams are not told of yet. */
  get isDirty(): boolean {
    return this.#publisher.touched.size > 0;
  }

  /** Changes the pool and the views. Streams are told by {@link flush}. */
  publish(change: Change, now: number): Publication {
    const isFirst = this.sequence === 0;
    const { publication, newViews } = this.#publisher.publish(change, now + this.settings.removalDeadlineMs);
    if (isFirst || newViews.size > 0) {
      for (const stream of this.streams) {
        if (stream.view && (isFirst || newViews.has(stream.view))) this.#answerDeferred(stream, now);
      }
    }
    for (const key of change.removeViews ?? []) this.#leaving.add(this.#view(key));
    this.#freeViews();
    return publication;
  }

  /** Tells every stream concerned what was published since the last time. */
  flush(now: number): void {
    this.#tell(now, 1);
    this.#releaseHeld(now);
  }

  /** Groups whose subscriptions include this name, by itself or by the wildcard. */
  groupsCovering(typeUrl: TypeUrl, name: string): Iterable<SubscriptionGroup> {
    return this.#publisher.covering(typeUrl, name);
  }

  /** Takes up a new stream. */
  open(opening: StreamOpening, now: number): StreamState {
    const stream = new StreamState(opening, now);
    this.streams.add(stream);
    return stream;
  }

  /**
   * Takes a request of a stream.
   *
   * @throws {RequestRefused} | {MalformedMessage} the stream is to be ended so; others feel nothing
   */
  receive(stream: StreamState, bytes: Buffer, now: number): void {
    const request =
      stream.protocol === 'delta' ? parseDeltaRequest(bytes) : parseSotwRequest(bytes, stream.knownNames());
    const typeUrl = typeOf(stream, request);
    if (!stream.node) this.#identify(stream, request, now);
    if (this.sequence === 0 || !stream.view?.published) {
      stream.defer(request, bytes.length, this.settings.requestBytes);
      return;
    }
    this.#answer(stream, typeUrl, request, now);
  }

  /** Shows a stream whose node is known a view; what it asked before is answered. */
  place(stream: StreamState, viewKey: string, now: number): void {
    if (!this.streams.has(stream)) return;
    stream.view = this.#view(viewKey);
    stream.view.followers++;
    this.#surroundings.identified(stream);
    if (this.sequence > 0 && stream.view.published) this.#answerDeferred(stream, now);
  }

  /** The sink of a stream takes answers again. */
  drained(stream: StreamState, now: number): void {
    stream.blockedSince = undefined;
    this.#delivery.advanceAll(stream, now);
  }

  /** A stream is gone. */
  close(stream: StreamState, now: number): void {
    if (!this.streams.delete(stream)) return;
    this.#delivery.forget(stream);
    for (const subscription of stream.subscriptions.values()) {
      this.groups.leave(subscription);
      this.#held.settled(subscription, true);
    }
    if (stream.view) stream.view.followers--;
    this.#releaseHeld(now);
    this.#freeViews();
  }

  /** Acts on deadlines that have passed: to be called a few times a second. */
  tick(now: number): void {
    for (const { stream, message } of this.#delivery.tick(now)) {
      this.close(stream, now);
      stream.sink.end({ code: 'RESOURCE_EXHAUSTED', message });
    }
    this.#releaseHeld(now);
  }

  /** Keeps resources that expire alive at every client that has them ("TTL"). */
  heartbeat(now: number): void {
    const expiring = Map.groupBy(this.pool.expiring(), (r) => r.typeUrl);
    for (const group of this.groups.all()) {
      const alive = expiring.get(group.typeUrl)?.filter((r) => group.covers(r.name));
      if (!alive || alive.length === 0 || group.members.size === 0) continue;
      this.#delivery.beat(group, alive, now);
    }
  }

  /** How often {@link heartbeat} is due, ms; undefined while nothing expires. */
  heartbeatIntervalMs(): number | undefined {
    const shortest = this.pool
      .expiring()
      .reduce((least, r) => Math.min(least, r.ttlMs ?? least), Number.POSITIVE_INFINITY);
    return Number.isFinite(shortest) ? Math.max(50, shortest / 3) : undefined;
  }

  /** Every view that is published, with what it shows. */
  *views(): Generator<View> {
    for (const view of this.#views.values()) if (view.published) yield view;
  }

  #view(key: string): View {
    let view = this.#views.get(key);
    if (!view) {
      view = new View(key);
      this.#views.set(key, view);
    }
    return view;
  }

  #freeViews(): void {
    for (const view of this.#leaving) {
      if (view.published) this.#leaving.delete(view);
      if (view.published || view.followers > 0 || !view.isEmpty) continue;
      this.#leaving.delete(view);
      this.#views.delete(view.key);
      this.groups.forgetView(view);
    }
  }

  /** "The node identifier is needed in the first request only". */
  #identify(stream: StreamState, request: DiscoveryRequest, now: number): void {
    if (!request.node)
      throw new RequestRefused('INVALID_ARGUMENT', 'the first request of a stream must carry node');
    stream.node = this.#surroundings.decodeNode(request.node);
    const key = this.#surroundings.viewOf(stream.node, stream);
    if (key !== undefined) this.place(stream, key, now);
  }

  #answerDeferred(stream: StreamState, now: number): void {
    for (const request of stream.takeDeferred()) this.#answer(stream, typeOf(stream, request), request, now);
  }

  #answer(stream: StreamState, typeUrl: TypeUrl, request: DiscoveryRequest, now: number): void {
    this.#surroundings.authorise?.(stream, typeUrl, request);
    let subscription = stream.subscriptions.get(typeUrl);
    const isFirst = subscription === undefined;
    if (!subscription) {
      subscription = new Subscription(stream, this.groups.empty(stream.protocol, typeUrl));
      subscription.sentSequence = this.sequence;
      stream.subscriptions.set(typeUrl, subscription);
    }
    if (request.nonce !== '' && !isFirst) this.#settle(subscription, request, now);
    if (stream.protocol === 'delta') applyDeltaNames(subscription, request, isFirst, this.#context);
    // "Resource updates": a request with a nonce that is not the newest is stale; another follows it
    else if (subscription.lastNonce === '' || request.nonce === subscription.lastNonce) {
      applySotwNames(subscription, request, isFirst, this.#context);
    }
    if (typeUrl === TYPE_URL.eds) stream.clustersTold = [];
    if (subscription.isBehind) this.#delivery.advance(subscription, now);
  }

  #settle(subscription: Subscription, request: DiscoveryRequest, now: number): void {
    const reached = subscription.acknowledgedSequence;
    const settlement = subscription.settle(request.nonce, request.error, now);
    if (!settlement) return;
    if (subscription.typeUrl === TYPE_URL.cds)
      noteClusters(this.pool, subscription.stream, settlement, reached);
    if (settlement.rejection) this.#surroundings.rejected(subscription, settlement.rejection);
    else this.#surroundings.acknowledged(subscription, now - settlement.outstanding.sentAt);
    if (subscription.typeUrl === TYPE_URL.cds && subscription.stream.isAggregated) {
      this.#delivery.advanceAll(subscription.stream, now);
    }
    if (this.#held.isEmpty) return;
    if (!settlement.rejection) this.#held.settled(subscription, false);
    this.#releaseHeld(now);
  }

  /** Tells the members of every touched group; `direction` −1 takes types in the order for removals. */
  #tell(now: number, direction: 1 | -1): void {
    if (!this.isDirty) return;
    const groups = [...this.#publisher.touched];
    this.#publisher.touched.clear();
    groups.sort((a, b) => direction * ((rankOf(a.typeUrl) ?? 0) - (rankOf(b.typeUrl) ?? 0)));
    for (const group of groups) for (const member of group.members) this.#delivery.advance(member, now);
  }

  #releaseHeld(now: number): void {
    if (this.#held.isEmpty) return;
    const removals = this.#held.release(now);
    if (removals.length === 0) return;
    this.#tell(now, 1);
    this.#publisher.remove(removals);
    this.#tell(now, -1);
    this.#freeViews();
  }
}
