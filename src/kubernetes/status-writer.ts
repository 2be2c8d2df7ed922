import { pathOf } from '../core/api/crd.ts';
import type { Kind } from '../core/api/kinds.ts';
import { apiVersion } from '../core/api/metadata.ts';
import type { ApiClient } from './api-client.ts';
import type { SpecObject } from './spec-watch.ts';
import { WriteQueue } from './write-queue.ts';

/** The name under which our fields stand in `metadata.managedFields`. */
export const FIELD_MANAGER = 'penstock';

export interface StatusWriterOptions {
  readonly perSecond?: number;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** What changes with every look is written this often at most. */
const EVERY_MS = 1000;

/**
 * Writes the status of our objects by server-side apply, as far as it differs from what stands there: after a change of
 * hands nothing is written that says the same.
 */
export class StatusWriter {
  readonly #client: ApiClient;
  readonly #queue: WriteQueue;
  readonly #told = new Map<string, string>();

  constructor(client: ApiClient, { perSecond = 50, onFailure }: StatusWriterOptions) {
    this.#client = client;
    this.#queue = new WriteQueue({
      perSecond,
      concurrency: 8,
      onFailure: (key, error) => {
        this.#told.delete(key);
        onFailure(key, error);
      },
    });
  }

  /** Writes that wait. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /**
   * Has the status of an object say this.
   * @param object as the cluster holds it
   */
  tell(kind: Kind, object: SpecObject, status: object): void {
    const { namespace = 'default', name } = object.metadata;
    // Who is made anew under the same name is told anew.
    const key = `${kind}/${namespace}/${name} ${object.metadata.uid ?? ''}`;
    const text = canonical(status);
    const before = this.#told.get(key);
    if (before === text) return;
    if (before === undefined && canonical(object.status ?? {}) === text) {
      this.#told.set(key, text);
      return;
    }
    this.#told.set(key, text);
    const body = { apiVersion, kind, metadata: { name, namespace }, status };
    // The first word at once, the following ones together.
    this.#queue.put(
      key,
      async () => {
        await this.#client.ask({
          method: 'PATCH',
          path: `${pathOf(kind, namespace)}/${name}/status`,
          query: { fieldManager: FIELD_MANAGER, force: 'true' },
          patch: 'apply',
          body,
        });
      },
      before === undefined ? 0 : EVERY_MS,
    );
  }

  /** Another leads: nothing more is written, and nothing is taken for told. */
  forget(): void {
    this.#queue.clear();
    this.#told.clear();
  }

  close(): void {
    this.#queue.close();
  }
}

/** JSON with sorted keys, and without what is undefined. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`);
  return `{${fields.join(',')}}`;
}
