import { setTimeout as pause } from 'node:timers/promises';
import type { SpecIndex } from '../core/decide/spec-index.ts';
import { noticeOf } from '../core/notify/notice.ts';
import { addNotice, EMPTY_OUTBOX, type Outbox, takeGroup } from '../core/notify/outbox.ts';
import { allReceivers, type Receiver, receiversOf } from '../core/notify/receivers.ts';
import type { DecisionRecord } from '../core/status/status.ts';
import { deliver } from './delivery.ts';
import { hostOf } from './exchange.ts';

/** Told of what came of messages. */
export interface NotifierEvents {
  delivered(format: string, notices: number): void;
  /** All tries are over; `receiver` is its host, `why` never holds a secret. */
  failed(format: string, notices: number, receiver: string, why: string): void;
}

/** What one look brings for many services comes within moments: it goes into one message. */
const GATHER_MS = 200;
/** Chats take about a message in three seconds, in bursts; what happens in between goes into the next one. */
const REST_MS = 1_000;
/** At the end, what waits gets this long to be sent. */
const LAST_WORDS_MS = 3_000;

interface Channel {
  readonly receiver: Receiver;
  outbox: Outbox;
  sending: Promise<void> | undefined;
}

/**
 * Tells receivers what happened. Whoever calls never waits: each receiver has a bounded queue of its own, and one
 * that is slow or gone holds up no other.
 */
export class Notifier {
  readonly #events: NotifierEvents;
  readonly #channels = new Map<string, Channel>();
  readonly #givenUp = new AbortController();
  readonly #closing = new AbortController();

  constructor(events: NotifierEvents) {
    this.#events = events;
  }

  /** Notices that wait to be sent, over all receivers. */
  get waiting(): number {
    return [...this.#channels.values()].reduce((sum, { outbox }) => sum + outbox.waiting.length, 0);
  }

  /** Tells of decisions; of those that it was told before, nothing. */
  tell(records: readonly DecisionRecord[], specs: SpecIndex): void {
    if (records.length === 0 || this.#closing.signal.aborted) return;
    this.#forgetOthers(specs);
    for (const notice of records.map(noticeOf)) {
      for (const receiver of receiversOf(notice, specs)) {
        const channel = this.#channels.get(receiver.key) ?? {
          receiver,
          outbox: EMPTY_OUTBOX,
          sending: undefined,
        };
        this.#channels.set(receiver.key, channel);
        channel.outbox = addNotice(channel.outbox, notice);
        channel.sending ??= this.#send(channel);
      }
    }
  }

  /** Sends what waits, for a moment at most, and ends. */
  async close(): Promise<void> {
    this.#closing.abort();
    const timer = setTimeout(() => this.#givenUp.abort(), LAST_WORDS_MS);
    await Promise.all([...this.#channels.values()].map(({ sending }) => sending));
    clearTimeout(timer);
  }

  async #send(channel: Channel): Promise<void> {
    await this.#rest(GATHER_MS);
    while (channel.outbox.waiting.length > 0 && !this.#givenUp.signal.aborted) {
      const { notices, dropped, rest } = takeGroup(channel.outbox);
      channel.outbox = rest;
      const { format, url } = channel.receiver.hook;
      const trouble = await deliver(channel.receiver, { notices, dropped }, this.#givenUp.signal);
      if (trouble === undefined) this.#events.delivered(format, notices.length);
      else this.#events.failed(format, notices.length, hostOf(url), trouble);
      await this.#rest(REST_MS);
    }
    channel.sending = undefined;
  }

  /** At the end nobody rests. */
  async #rest(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#closing.signal }).catch(() => {});
  }

  /** Receivers that no spec names any more are forgotten once nothing waits for them. */
  #forgetOthers(specs: SpecIndex): void {
    const known = new Set(allReceivers(specs).map(({ key }) => key));
    for (const [key, { sending }] of this.#channels) {
      if (!known.has(key) && sending === undefined) this.#channels.delete(key);
    }
  }
}
