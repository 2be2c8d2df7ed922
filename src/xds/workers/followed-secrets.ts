import type { Resource } from '../../core/delta/resource.ts';
import type { SecretSource } from '../contract.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { fromWire, toWire } from './wire-change.ts';
import type { WorkerLink } from './worker-link.ts';

/** In a worker: secrets come from the process that decides, each identity's when a sidecar proves it here. */
export class FollowedSecrets implements SecretSource {
  readonly #tell: (message: FromWorker) => void;
  readonly #followed = new Map<string, (secrets: readonly Resource[]) => void>();

  constructor(tell: (message: FromWorker) => void) {
    this.#tell = tell;
  }

  follow(identity: string, told: (secrets: readonly Resource[]) => void): () => void {
    this.#followed.set(identity, told);
    this.#tell({ type: 'follow', identity });
    return () => {
      this.#followed.delete(identity);
      this.#tell({ type: 'unfollow', identity });
    };
  }

  take({ identity, change }: Extract<ToWorker, { type: 'secrets' }>): void {
    this.#followed.get(identity)?.([...(fromWire(change).upsert ?? [])]);
  }
}

/** In the process that decides: which worker follows whose secrets. */
export class SecretFollowers {
  readonly #source: SecretSource | undefined;
  readonly #stops = new Map<WorkerLink, Map<string, () => void>>();

  constructor(source: SecretSource | undefined) {
    this.#source = source;
  }

  take(link: WorkerLink, { type, identity }: Extract<FromWorker, { type: 'follow' | 'unfollow' }>): void {
    const stops = this.#stops.get(link) ?? new Map<string, () => void>();
    this.#stops.set(link, stops);
    stops.get(identity)?.();
    stops.delete(identity);
    if (type === 'unfollow' || !this.#source) return;
    const told = (secrets: readonly Resource[]): void =>
      link.send({ type: 'secrets', identity, change: toWire({ upsert: secrets }) });
    stops.set(identity, this.#source.follow(identity, told));
  }

  /** A worker is gone, and follows nobody any more. */
  left(link: WorkerLink): void {
    for (const stop of this.#stops.get(link)?.values() ?? []) stop();
    this.#stops.delete(link);
  }
}
