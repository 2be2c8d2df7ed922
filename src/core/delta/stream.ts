import type { Answer, Protocol } from './answer.ts';
import type { NodeIdentity, Rejection } from './facts.ts';
import type { AnswerSource, Group } from './group.ts';
import type { DiscoveryRequest } from './request.ts';
import { RequestRefused, type Sink } from './sink.ts';
import { ADDING_ORDER, TYPE_URL, type TypeUrl } from './type-urls.ts';
import type { View } from './view.ts';

export interface StreamOpening {
  readonly protocol: Protocol;
  /** The type of a single-type stream; undefined on an aggregated one. */
  readonly typeUrl: TypeUrl | undefined;
  readonly peer: string;
  readonly sink: Sink;
}

/** A stream: who is at its other end, and what it is subscribed to. */
export class StreamState {
  readonly protocol: Protocol;
  readonly typeUrl: TypeUrl | undefined;
  readonly peer: string;
  readonly sink: Sink;
  readonly openedAt: number;
  /** Known from the first request on. */
  node: NodeIdentity | undefined;
  view: View | undefined;
  readonly subscriptions = new Map<TypeUrl, Subscription>();
  /** Since when it takes no more answers. */
  blockedSince: number | undefined;
  /** Endpoints of clusters told before it asked for any endpoints: these it needs whatever version it has. */
  clustersTold: (readonly string[])[] = [];

  /** Clusters that it rejected and never had, and since when: a route to one of them fails every call. */
  readonly refusedClusters = new Map<string, number>();

  readonly #deferred: DiscoveryRequest[] = [];
  #deferredBytes = 0;

  constructor(opening: StreamOpening, openedAt: number) {
    this.protocol = opening.protocol;
    this.typeUrl = opening.typeUrl;
    this.peer = opening.peer;
    this.sink = opening.sink;
    this.openedAt = openedAt;
  }

  /** Keeps a request until there is something to answer with. @throws {RequestRefused} beyond `maxBytes` */
  defer(request: DiscoveryRequest, bytes: number, maxBytes: number): void {
    this.#deferredBytes += bytes;
    if (this.#deferredBytes > maxBytes) {
      throw new RequestRefused('RESOURCE_EXHAUSTED', 'too many requests before the first configuration');
    }
    this.#deferred.push(request);
  }

  takeDeferred(): DiscoveryRequest[] {
    this.#deferredBytes = 0;
    return this.#deferred.splice(0);
  }

  get isAggregated(): boolean {
    return this.typeUrl === undefined;
  }

  /** Subscriptions in the order in which types are told. */
  inOrder(): Subscription[] {
    return ADDING_ORDER.flatMap((typeUrl) => this.subscriptions.get(typeUrl) ?? []);
  }

  /** The bytes in which its next request may name what it is subscribed to. */
  *knownNames(): Generator<Buffer> {
    for (const { group } of this.subscriptions.values()) yield* group.ownNames();
  }

  /** Whether clusters were told that the client has not acknowledged: it does so when they are warm. */
  isWarming(now: number, deadlineMs: number): boolean {
    const clusters = this.subscriptions.get(TYPE_URL.cds);
    if (!clusters || clusters.outstanding.length === 0) return false;
    return clusters.outstanding.some((o) => o.answer.brings && now - o.sentAt < deadlineMs);
  }
}

/** An answer on its way: written, and not yet acknowledged or rejected. */
export interface Outstanding {
  readonly answer: Answer;
  /** The publication that the stream has reached with this answer, and all before it. */
  readonly sequence: number;
  readonly sentAt: number;
}

/** What a request settled. */
export interface Settlement {
  readonly outstanding: Outstanding;
  readonly rejection: Rejection | undefined;
}

/** Subscriptions that are equal. */
export type SubscriptionGroup = Group<Subscription>;

/** One type on one stream: which group it is in, what it was told, and what it said to that. */
export class Subscription {
  readonly stream: StreamState;
  readonly typeUrl: TypeUrl;
  group: SubscriptionGroup;
  /** Told everything up to this publication, save what is owed below. */
  sentSequence = 0;
  acknowledgedSequence = 0;
  lastAckAt: number | undefined;
  /** Nonce of the newest answer; in state of the world any other is stale. */
  lastNonce = '';
  readonly outstanding: Outstanding[] = [];
  /** Parts of an answer that are not written yet. */
  queue: readonly Answer[] = [];
  /** Everything in the group is to be told. */
  owesAll = false;
  /** These names are to be told, changed or not. */
  owed: Set<string> | undefined;
  /** Under which others share the answer about `owed`; undefined when nobody does. */
  owedLabel: string | undefined;
  /** It has never named anything, which means everything ("legacy wildcard"). */
  wildcardByLegacy = false;
  /** By name: the rejection that stands. */
  readonly rejected = new Map<string, Rejection>();

  constructor(stream: StreamState, group: SubscriptionGroup) {
    this.stream = stream;
    this.typeUrl = group.typeUrl;
    this.group = group;
    group.members.add(this);
  }

  /** Whether there is anything to tell. */
  get isBehind(): boolean {
    return (
      this.owesAll ||
      this.owed !== undefined ||
      this.queue.length > 0 ||
      this.group.changedAt > this.sentSequence
    );
  }

  get isConverged(): boolean {
    return this.outstanding.length === 0 && this.rejected.size === 0 && !this.isBehind;
  }

  /** Names of all that is owed now. */
  owedNames(): ReadonlySet<string> {
    if (this.owesAll) return this.group.allNames();
    const changed = this.group.changedSince(this.sentSequence);
    return this.owed ? this.owed.union(changed) : changed;
  }

  /** Answers that tell what is owed now except these names, which stay owed. */
  takeAnswersBut(withheld: ReadonlySet<string>, source: AnswerSource, sequence: number): readonly Answer[] {
    const told = this.owedNames().difference(withheld);
    this.oweOnly(withheld);
    this.sentSequence = sequence;
    return told.size === 0 ? [] : this.group.answersFor(told, source);
  }

  /** The answers that tell all that is owed now; from here on none of it is. */
  takeAnswers(source: AnswerSource, sequence: number): readonly Answer[] {
    const { group, owed } = this;
    const changed = group.changedAt > this.sentSequence;
    let answers: readonly Answer[];
    if (this.owesAll) answers = group.answersInFull(source);
    else if (!owed) answers = group.answersSince(this.sentSequence, source);
    else if (changed) answers = group.answersFor(this.owedNames(), source);
    else answers = group.answersFor(owed, source, this.owedLabel);
    this.owesAll = false;
    this.owed = undefined;
    this.owedLabel = undefined;
    this.sentSequence = sequence;
    return answers;
  }

  owe(names: Iterable<string>, label?: string): void {
    if (this.owesAll) return;
    this.owedLabel = this.owed ? undefined : label;
    this.owed ??= new Set();
    for (const name of names) this.owed.add(name);
    if (this.owed.size === 0) this.owed = undefined;
  }

  oweAll(): void {
    this.owesAll = true;
    this.owed = undefined;
    this.owedLabel = undefined;
  }

  /** Of all that is owed only these names remain. */
  oweOnly(names: ReadonlySet<string>): void {
    this.owesAll = false;
    this.owed = undefined;
    this.owe(names);
  }

  /** Before the group changes: what its log still holds for this stream is kept as names. */
  keepChanges(): void {
    if (this.group.changedAt > this.sentSequence) this.owe(this.group.changedSince(this.sentSequence));
  }

  /**
   * Takes the client's word on an answer.
   *
   * "ACK and NACK": the nonce says which answer is meant, `error` that it is rejected. In state of the world
   * an answer also stands for those before it.
   *
   * @returns undefined for a nonce that is unknown, or stale
   */
  settle(nonce: string, error: string | undefined, now: number): Settlement | undefined {
    const index = this.outstanding.findIndex((o) => o.answer.nonce === nonce);
    const outstanding = this.outstanding[index];
    if (!outstanding) return undefined;
    if (this.group.protocol === 'sotw') this.outstanding.splice(0, index + 1);
    else this.outstanding.splice(index, 1);
    this.acknowledgedSequence = this.#reached(outstanding.sequence);
    const rejection = error === undefined ? undefined : reject(outstanding.answer, error, now);
    for (const name of outstanding.answer.names) {
      if (rejection) this.rejected.set(name, rejection);
      else if (this.rejected.size > 0) this.rejected.delete(name);
      else break;
    }
    if (!rejection) this.lastAckAt = now;
    return { outstanding, rejection };
  }

  /** Up to which publication everything is answered for. */
  #reached(settled: number): number {
    const oldest = this.outstanding[0];
    const reached = oldest ? oldest.sequence - 1 : this.queue.length > 0 ? settled - 1 : settled;
    return Math.max(this.acknowledgedSequence, reached);
  }
}

function reject(answer: Answer, message: string, at: number): Rejection {
  return { at, message, nonce: answer.nonce, names: answer.names };
}
