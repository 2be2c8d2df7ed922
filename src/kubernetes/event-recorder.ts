import { createHash } from 'node:crypto';
import { apiVersion } from '../core/api/metadata.ts';
import type { ApiClient } from './api-client.ts';
import { isStatus } from './api-error.ts';
import { FIELD_MANAGER } from './status-writer.ts';
import { WriteQueue } from './write-queue.ts';

/** Something that happened to an object. */
export interface ClusterEvent {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string | undefined;
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
  readonly type: 'Normal' | 'Warning';
  /** ms since the epoch */
  readonly at: number;
}

interface StoredEvent {
  readonly count?: number;
}

/** The API server takes no longer message. */
const LONGEST_MESSAGE = 1000;

/**
 * Tells what happened as Events of the cluster. The same of the same object is one Event with a count, also when another
 * replica told it first.
 */
export class EventRecorder {
  readonly #client: ApiClient;
  readonly #reporter: string;
  readonly #queue: WriteQueue;

  /** @param reporter the replica */
  constructor(client: ApiClient, reporter: string, onFailure: (key: string, error: unknown) => void) {
    this.#client = client;
    this.#reporter = reporter;
    this.#queue = new WriteQueue({ perSecond: 20, concurrency: 2, onFailure });
  }

  tell(event: ClusterEvent): void {
    const name = nameOf(event);
    // Two alike within one writing are told by the second's time.
    this.#queue.put(`${event.namespace}/${name}`, () => this.#write(name, event));
  }

  close(): void {
    this.#queue.close();
  }

  async #write(name: string, event: ClusterEvent): Promise<void> {
    const path = `/api/v1/namespaces/${event.namespace}/events`;
    const at = new Date(event.at).toISOString();
    try {
      await this.#client.ask({ method: 'POST', path, body: this.#body(name, event, at) });
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      const stored = await this.#client.ask<StoredEvent>({ method: 'GET', path: `${path}/${name}` });
      const body = { count: (stored.count ?? 1) + 1, lastTimestamp: at };
      await this.#client.ask({ method: 'PATCH', path: `${path}/${name}`, patch: 'merge', body });
    }
  }

  #body(name: string, event: ClusterEvent, at: string): object {
    const { kind, namespace, uid, reason, message, type } = event;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        apiVersion,
        kind,
        namespace,
        name: event.name,
        ...(uid === undefined ? {} : { uid }),
      },
      reason,
      message: message.slice(0, LONGEST_MESSAGE),
      type,
      count: 1,
      firstTimestamp: at,
      lastTimestamp: at,
      source: { component: FIELD_MANAGER, host: this.#reporter },
      reportingComponent: `${FIELD_MANAGER}.dev/control-plane`,
      reportingInstance: this.#reporter,
    };
  }
}

/** The same for what is told alike. */
function nameOf({ kind, name, uid, reason, message }: ClusterEvent): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([kind, name, uid, reason, message]))
    .digest('hex');
  return `${name.slice(0, 63)}.${digest.slice(0, 16)}`;
}
