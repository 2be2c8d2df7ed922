import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import type { ApiClient } from './api-client.ts';
import { isStatus } from './api-error.ts';
import { type ClusterObject, Reflector } from './reflector.ts';
import { WriteQueue } from './write-queue.ts';

const pack = promisify(gzip);

/** What is kept of one subject: a service, or the switches over everything. */
export interface StateEntry {
  /** `default/fraud`; empty: the switches. */
  readonly subject: string;
  /** What every replica publishes: plain JSON. */
  readonly decisions: unknown;
  /** What the leader decides by, by key: plain JSON. */
  readonly memory: Readonly<Record<string, unknown>>;
}

/** How soon an entry is to be written. */
export type Urgency = 'now' | 'soon' | 'lazily';

interface StateMap extends ClusterObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

export interface ClusterStateListener {
  /** An entry as it was written, by this replica too; undefined: there is none any more. */
  changed(subject: string, entry: StateEntry | undefined): void;
  /** Somebody who does not lead asks for something. */
  asked(request: string): void;
  synced(): void;
  trouble(message: string | undefined): void;
  /** A replica of a later term has written: we do not lead. */
  outdated(term: number): void;
  failed(subject: string, error: unknown): void;
}

const LABEL = 'penstock.dev/state';
const DELAY_MS: Readonly<Record<Urgency, number>> = { now: 0, soon: 1000, lazily: 5000 };

/**
 * State that every replica may need, in ConfigMaps of the control plane's own namespace, one for each service: the
 * decisions in clear, and beside them, compressed, what the next leader goes on from. A write goes through only over
 * what we have seen, and never over what a later leader wrote.
 */
export class ClusterState {
  readonly #client: ApiClient;
  readonly #namespace: string;
  readonly #listener: ClusterStateListener;
  readonly #reflector: Reflector<StateMap>;
  readonly #queue: WriteQueue;
  /** The version that we wrote or read last, by name: a write goes through only over that. */
  readonly #written = new Map<string, string>();

  constructor(client: ApiClient, namespace: string, listener: ClusterStateListener) {
    this.#client = client;
    this.#namespace = namespace;
    this.#listener = listener;
    this.#queue = new WriteQueue({
      perSecond: 100,
      concurrency: 8,
      onFailure: (key, error) => listener.failed(key, error),
    });
    this.#reflector = new Reflector<StateMap>(
      client,
      { path: this.#path(), labelSelector: LABEL },
      {
        changed: (before, after) => this.#changed(before, after),
        synced: () => listener.synced(),
        trouble: (message) => listener.trouble(message),
      },
    );
  }

  /** Writes that wait. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /**
   * All that is kept, as of now and not as of the watch: what a new leader begins with.
   * @throws when it cannot be read; an entry that is damaged is left out and told of
   */
  async read(): Promise<readonly StateEntry[]> {
    const entries: StateEntry[] = [];
    let next: string | undefined;
    do {
      const list = await this.#client.ask<{
        readonly metadata: { readonly continue?: string };
        readonly items?: readonly StateMap[];
      }>({
        method: 'GET',
        path: this.#path(),
        query: { labelSelector: LABEL, limit: 500, continue: next },
      });
      for (const map of list.items ?? []) {
        this.#written.set(map.metadata.name, map.metadata.resourceVersion ?? '');
        const entry = this.#entry(map);
        if (entry !== undefined) entries.push(entry);
      }
      next = list.metadata.continue || undefined;
    } while (next !== undefined);
    return entries;
  }

  /** Has an entry written. @param term of our leadership */
  write(entry: StateEntry, term: number, urgency: Urgency): void {
    this.#queue.put(entry.subject, () => this.#put(entry, term), DELAY_MS[urgency]);
  }

  /** Asks whoever leads for something that concerns everything. */
  async ask(request: string): Promise<void> {
    const path = `${this.#path()}/${nameOf('')}`;
    await this.#client.ask({ method: 'PATCH', path, patch: 'merge', body: { data: { asked: request } } });
  }

  /** Removes what is kept of a subject. */
  remove(subject: string): void {
    const name = nameOf(subject);
    this.#queue.put(subject, async () => {
      this.#written.delete(name);
      await this.#client.ask({ method: 'DELETE', path: `${this.#path()}/${name}` });
    });
  }

  /** Another leads: nothing more is written. */
  forget(): void {
    this.#queue.clear();
  }

  /** Has all that waits written, however much time it had. */
  drain(withinMs: number): Promise<void> {
    return this.#queue.drain(withinMs);
  }

  async close(): Promise<void> {
    this.#queue.close();
    await this.#reflector.close();
  }

  async #put({ subject, decisions, memory }: StateEntry, term: number): Promise<void> {
    const name = nameOf(subject);
    const packed = await pack(JSON.stringify(memory));
    const resourceVersion = this.#written.get(name);
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        namespace: this.#namespace,
        labels: { [LABEL]: subject === '' ? 'switches' : 'service' },
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      data: { subject, term: String(term), decisions: JSON.stringify(decisions) },
      binaryData: { memory: packed.toString('base64') },
    };
    try {
      const stored = await this.#client.ask<StateMap>(
        resourceVersion === undefined
          ? { method: 'POST', path: this.#path(), body }
          : { method: 'PUT', path: `${this.#path()}/${name}`, body },
      );
      this.#written.set(name, stored.metadata.resourceVersion ?? '');
    } catch (error) {
      if (isStatus(error, 404)) {
        this.#written.delete(name);
        throw new Error('it was removed; it is made anew', { cause: error });
      }
      if (isStatus(error, 409)) await this.#look(name, term);
      throw error;
    }
  }

  /** Somebody else wrote: a later leader, or an earlier one before we began. */
  async #look(name: string, term: number): Promise<void> {
    const map = await this.#client.ask<StateMap>({ method: 'GET', path: `${this.#path()}/${name}` });
    const theirs = Number(map.data?.term ?? 0);
    if (theirs > term) this.#listener.outdated(theirs);
    else this.#written.set(name, map.metadata.resourceVersion ?? '');
  }

  #entry({ data = {}, binaryData = {}, metadata }: StateMap): StateEntry | undefined {
    try {
      const text = gunzipSync(Buffer.from(binaryData.memory ?? '', 'base64')).toString();
      const decisions: unknown = JSON.parse(data.decisions ?? 'null');
      return { subject: data.subject ?? '', decisions, memory: JSON.parse(text) };
    } catch (error) {
      this.#listener.failed(data.subject ?? metadata.name, error);
      return undefined;
    }
  }

  #changed(before: StateMap | undefined, after: StateMap | undefined): void {
    const subject = (after ?? before)?.data?.subject ?? '';
    const asked = after?.data?.asked;
    if (asked !== undefined && asked !== before?.data?.asked) this.#listener.asked(asked);
    const entry = after === undefined ? undefined : this.#entry(after);
    if (after === undefined || entry !== undefined) this.#listener.changed(subject, entry);
  }

  #path(): string {
    return `/api/v1/namespaces/${this.#namespace}/configmaps`;
  }
}

/** Both parts of a subject are DNS labels, so that the name is one and no two subjects share it. */
function nameOf(subject: string): string {
  return subject === '' ? 'penstock-switches' : `penstock-state.${subject.replace('/', '.')}`;
}
