import { setTimeout as pause } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { ApiError, isStatus, reasonOf } from './api-error.ts';

/** What every object of the API server has. */
export interface ClusterObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Told of the objects that are followed. */
export interface ReflectorListener<T> {
  /** `before` undefined: it is new; `after` undefined: it is gone. */
  changed(before: T | undefined, after: T | undefined): void;
  /** All objects are known for the first time, or anew after a gap. */
  synced(): void;
  /** It cannot be told now; what was told last stays. `undefined`: it can again. */
  trouble(message: string | undefined): void;
}

export interface ReflectorOptions<T> {
  readonly path: string;
  /** What is kept of an object; undefined: all of it. */
  readonly slim?: (object: unknown) => T;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Of the lists; a page of a list is told of only with the whole. */
  readonly pageSize?: number;
}

interface List<T> {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[];
}

interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T & { readonly code?: number; readonly message?: string };
}

const PAGE_SIZE = 500;
/** The server ends a watch after this: connections wander to all of its replicas in time. */
const WATCH_SECONDS = 290;
const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 10_000;

/**
 * Follows all objects of a path: lists them, watches from there, and lists again when the server has forgotten that
 * far back (410). A connection that breaks is taken up where it broke, so that nothing is told twice or missed.
 */
export class Reflector<T extends ClusterObject> {
  readonly #client: ApiClient;
  readonly #options: ReflectorOptions<T>;
  readonly #listener: ReflectorListener<T>;
  readonly #objects = new Map<string, T>();
  readonly #stopped = new AbortController();
  #resourceVersion = '';
  #failures = 0;
  #troubled = false;
  readonly #ended: Promise<void>;

  constructor(client: ApiClient, options: ReflectorOptions<T>, listener: ReflectorListener<T>) {
    this.#client = client;
    this.#options = options;
    this.#listener = listener;
    this.#ended = this.#run();
  }

  /** By `NAMESPACE/NAME`. */
  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        if (this.#resourceVersion === '') await this.#list();
        await this.#watch();
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        await this.#recover(error);
      }
    }
  }

  async #list(): Promise<void> {
    const found = new Map<string, T>();
    let version = '';
    let next: string | undefined;
    do {
      const list = await this.#client.ask<List<T>>({
        method: 'GET',
        path: this.#options.path,
        query: {
          limit: this.#options.pageSize ?? PAGE_SIZE,
          continue: next,
          labelSelector: this.#options.labelSelector,
          fieldSelector: this.#options.fieldSelector,
        },
        signal: this.#stopped.signal,
      });
      for (const object of list.items ?? []) found.set(keyOf(object), this.#slim(object));
      version = list.metadata.resourceVersion ?? '';
      next = list.metadata.continue || undefined;
    } while (next !== undefined);
    for (const key of [...this.#objects.keys()]) if (!found.has(key)) this.#set(key, undefined);
    for (const [key, object] of found) this.#set(key, object);
    this.#resourceVersion = version;
    this.#well();
    this.#listener.synced();
  }

  async #watch(): Promise<void> {
    await this.#client.stream(
      {
        method: 'GET',
        path: this.#options.path,
        query: {
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion: this.#resourceVersion,
          timeoutSeconds: WATCH_SECONDS,
          labelSelector: this.#options.labelSelector,
          fieldSelector: this.#options.fieldSelector,
        },
        signal: this.#stopped.signal,
      },
      (line) => this.#event(line as WatchEvent<T>),
    );
  }

  #event({ type, object }: WatchEvent<T>): void {
    if (type === 'ERROR') throw new ApiError(object.code ?? 500, object.message ?? 'the watch broke');
    this.#well();
    if (type !== 'BOOKMARK') this.#set(keyOf(object), type === 'DELETED' ? undefined : this.#slim(object));
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
  }

  #slim(object: T): T {
    return this.#options.slim?.(object) ?? object;
  }

  #set(key: string, after: T | undefined): void {
    const before = this.#objects.get(key);
    if (before === undefined && after === undefined) return;
    if (before?.metadata.resourceVersion === after?.metadata.resourceVersion && before !== undefined) return;
    if (after === undefined) this.#objects.delete(key);
    else this.#objects.set(key, after);
    this.#listener.changed(before, after);
  }

  /** Waits as long as the server asks, or longer with each failure, with a part left to chance. */
  async #recover(error: unknown): Promise<void> {
    if (isStatus(error, 410) || isStatus(error, 404)) this.#resourceVersion = '';
    if (!isStatus(error, 410)) {
      this.#troubled = true;
      this.#listener.trouble(reasonOf(error));
    }
    const backoff = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures++, 10));
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(asked, backoff * (0.5 + Math.random() / 2));
    await pause(waitMs, undefined, { signal: this.#stopped.signal, ref: false }).catch(() => {});
  }

  #well(): void {
    this.#failures = 0;
    if (!this.#troubled) return;
    this.#troubled = false;
    this.#listener.trouble(undefined);
  }
}

/** `NAMESPACE/NAME`. */
function keyOf({ metadata }: ClusterObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
