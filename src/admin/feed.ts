import type { ControlPlane } from './control-plane.ts';
import { diff, type Fingerprint, fingerprint, snapshotJson, takeSnapshot } from './difference.ts';
import type { Snapshot } from './wire.ts';

/** Changes are gathered so long before they are sent: at most one event a second. */
const COALESCE_MS = 1_000;
/** Silence in which a proxy or a browser would think the connection dead. */
const HEARTBEAT_MS = 10_000;
/** A reader that comes back within so many changes gets only what it missed. */
const KEPT_CHANGES = 60;
/** Without readers, changes are followed so much longer for those that come back. */
const LINGER_MS = 60_000;
const RETRY_MS = 1_000;

interface Recorded {
  readonly sequence: number;
  readonly event: string;
}

/**
 * The stream of server-sent events: compares the control plane with what was sent last, once for all readers,
 * and only while there are any. A slow reader holds nobody up: what it missed beyond the kept changes reaches
 * it as a new snapshot.
 */
export class Feed {
  readonly #controlPlane: ControlPlane;
  readonly #now: () => number;
  /** Tells sequences of this process from those of the one before. */
  readonly #epoch: string;
  readonly #readers = new Set<() => void>();
  readonly #unsubscribe: () => void;
  #changes: Recorded[] = [];
  #sequence = 0;
  #sent: Fingerprint | undefined;
  #pending: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;
  #lastTick = 0;
  #closed = false;

  constructor(controlPlane: ControlPlane, now: () => number) {
    this.#controlPlane = controlPlane;
    this.#now = now;
    this.#epoch = now().toString(36);
    this.#unsubscribe = controlPlane.subscribe(() => this.#schedule());
  }

  /** How many read now. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Events as bytes; starts after `lastEventId` where that is still known, else with a snapshot. */
  open(lastEventId: string | undefined): ReadableStream<Uint8Array> {
    let wake = () => {};
    let position = this.#positionOf(lastEventId);
    let greeted = false;
    let cancelled = false;
    const reader = () => wake();
    const encoder = new TextEncoder();
    const leave = () => {
      cancelled = true;
      this.#leave(reader);
      wake();
    };
    this.#join(reader);
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          while (!cancelled && !this.#closed) {
            const next = this.#after(position);
            if (next) {
              position = next.sequence;
              const hello = greeted ? '' : `retry: ${RETRY_MS}\n`;
              greeted = true;
              return controller.enqueue(encoder.encode(hello + next.event));
            }
            const woken = await waitFor(HEARTBEAT_MS, (callback) => {
              wake = callback;
            });
            if (!woken) return controller.enqueue(encoder.encode(this.#heartbeat()));
          }
          if (!cancelled) controller.close();
          leave();
        },
        cancel: leave,
      },
      { highWaterMark: 0 },
    );
  }

  /** Ends every stream. */
  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    clearTimeout(this.#pending);
    clearTimeout(this.#linger);
    for (const reader of this.#readers) reader();
  }

  #join(reader: () => void): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#readers.add(reader);
  }

  #leave(reader: () => void): void {
    if (!this.#readers.delete(reader) || this.#readers.size > 0 || this.#closed) return;
    this.#linger = setTimeout(() => {
      this.#sent = undefined;
      this.#changes = [];
      // Nobody who comes back with the last number may be told that nothing happened.
      this.#sequence++;
    }, LINGER_MS).unref();
  }

  #schedule(): void {
    if (this.#pending || this.#closed || this.#sent === undefined) return;
    const delayMs = Math.max(0, this.#lastTick + COALESCE_MS - this.#now());
    this.#pending = setTimeout(() => this.#tick(), Math.min(delayMs, COALESCE_MS)).unref();
  }

  #tick(): void {
    this.#pending = undefined;
    if (this.#sent !== undefined) this.#compare(takeSnapshot(this.#controlPlane, this.#now()));
  }

  /** Records what became different since the last comparison, and tells the readers. */
  #compare(snapshot: Snapshot): Fingerprint {
    this.#lastTick = snapshot.at;
    const before = this.#sent;
    const after = fingerprint(snapshot);
    this.#sent = after;
    const change = before && diff(before, snapshot, after);
    if (!change) return after;
    this.#sequence++;
    this.#changes.push({
      sequence: this.#sequence,
      event: this.#format('change', this.#sequence, JSON.stringify(change)),
    });
    if (this.#changes.length > KEPT_CHANGES) this.#changes.shift();
    for (const reader of this.#readers) reader();
    return after;
  }

  /** The next thing to send to a reader at `position`; undefined where it has everything. */
  #after(position: number | undefined): Recorded | undefined {
    if (position === this.#sequence) return undefined;
    const next = this.#changes.find(({ sequence }) => position !== undefined && sequence === position + 1);
    if (next) return next;
    // What this reader is sent is what the next change is compared with, so the others must get it too.
    const snapshot = takeSnapshot(this.#controlPlane, this.#now());
    const json = snapshotJson(snapshot.at, this.#compare(snapshot));
    return { sequence: this.#sequence, event: this.#format('snapshot', this.#sequence, json) };
  }

  #positionOf(lastEventId: string | undefined): number | undefined {
    const [epoch, sequence] = lastEventId?.split('-') ?? [];
    const position = Number(sequence);
    if (epoch !== this.#epoch || !Number.isSafeInteger(position) || this.#sent === undefined)
      return undefined;
    return position <= this.#sequence ? position : undefined;
  }

  #format(event: string, sequence: number, json: string): string {
    return `event: ${event}\nid: ${this.#epoch}-${sequence}\ndata: ${json}\n\n`;
  }

  #heartbeat(): string {
    return `event: heartbeat\ndata: ${JSON.stringify({ at: this.#now() })}\n\n`;
  }
}

/** True when the callback came, false after `ms`. */
function waitFor(ms: number, listen: (callback: () => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    listen(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
