import { setTimeout as pause } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { isStatus, reasonOf } from './api-error.ts';

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Who we are; unique among the replicas. */
  readonly identity: string;
  /** Where the others reach us, `HOST:PORT`; stands in the Lease. */
  readonly address: string;
  /** Others wait this long after the last renewal that they saw. */
  readonly durationMs?: number;
}

/** Who leads, as the Lease tells. */
export interface Leadership {
  readonly leading: boolean;
  /** Empty: nobody. */
  readonly holder: string;
  readonly address: string;
  /** Grows with each change of hands: what an earlier holder writes can be told from what a later one does. */
  readonly term: number;
}

interface Lease {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly renewTime?: string;
    readonly acquireTime?: string;
    readonly leaseTransitions?: number;
  };
}

const ADDRESS = 'penstock.dev/address';
const DURATION_MS = 9_000;

/**
 * Takes the lead among the replicas, keeps it, and hands it on (coordination.k8s.io/v1 Lease). Clocks are not compared:
 * a lease is over when it has not changed for its duration by our own clock. Who cannot renew for two thirds of it
 * stops leading before others may begin.
 */
export class LeaderLease {
  readonly #client: ApiClient;
  readonly #options: LeaseOptions;
  readonly #onChange: (leadership: Leadership) => void;
  readonly #durationMs: number;
  readonly #stopped = new AbortController();
  readonly #ended: Promise<void>;
  #seen: Lease | undefined;
  /** By `performance.now()`. */
  #seenAt = 0;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #told: Leadership = { leading: false, holder: '', address: '', term: 0 };
  #trouble: string | undefined;

  /** @param onChange called when we begin or cease to lead, and when another does */
  constructor(client: ApiClient, options: LeaseOptions, onChange: (leadership: Leadership) => void) {
    this.#client = client;
    this.#options = options;
    this.#onChange = onChange;
    this.#durationMs = options.durationMs ?? DURATION_MS;
    this.#ended = this.#run();
  }

  get leadership(): Leadership {
    return this.#told;
  }

  /** Whether we may decide at this moment: also a process that stood still for a while finds out before it acts. */
  holds(): boolean {
    return this.#told.leading && performance.now() - this.#renewedAt <= (this.#durationMs * 2) / 3;
  }

  /** Why the Lease cannot be read or written now. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Stops, and lets another take over at once. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#ended;
    const lease = this.#seen;
    if (!this.#told.leading || lease === undefined) return;
    this.#tell({ ...this.#told, leading: false });
    await this.#put({ ...lease, spec: { ...lease.spec, holderIdentity: '' } }).catch(() => {});
  }

  async #run(): Promise<void> {
    const everyMs = this.#durationMs / 6;
    while (!this.#stopped.signal.aborted) {
      const startedAt = performance.now();
      try {
        await this.#round();
        this.#trouble = undefined;
      } catch (error) {
        this.#trouble = reasonOf(error);
      }
      if (this.#told.leading && !this.holds()) this.#tell({ ...this.#told, leading: false });
      const restMs = everyMs * (0.9 + Math.random() / 5) - (performance.now() - startedAt);
      await pause(Math.max(10, restMs), undefined, { signal: this.#stopped.signal, ref: false }).catch(
        () => {},
      );
    }
  }

  async #round(): Promise<void> {
    const lease = await this.#read();
    if (lease === undefined) return this.#acquire(undefined);
    if (JSON.stringify(lease.spec) !== JSON.stringify(this.#seen?.spec)) this.#seenAt = performance.now();
    this.#seen = lease;
    const { holderIdentity = '', leaseTransitions = 0 } = lease.spec;
    const ours = holderIdentity === this.#options.identity;
    const durationMs = (lease.spec.leaseDurationSeconds ?? 0) * 1000 || this.#durationMs;
    const over = holderIdentity === '' || performance.now() - this.#seenAt > durationMs;
    if (ours || over) return this.#acquire(lease);
    const address = lease.metadata.annotations?.[ADDRESS] ?? '';
    this.#tell({ leading: false, holder: holderIdentity, address, term: leaseTransitions });
  }

  /** Takes it or renews it: who writes first on what he read has it. */
  async #acquire(lease: Lease | undefined): Promise<void> {
    const { identity, address, name } = this.#options;
    const ours = lease?.spec.holderIdentity === identity;
    const now = new Date().toISOString().replace('Z', '000Z');
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#durationMs / 1000),
      renewTime: now,
      acquireTime: ours ? (lease?.spec.acquireTime ?? now) : now,
      leaseTransitions: (lease?.spec.leaseTransitions ?? 0) + (ours ? 0 : 1),
    };
    const startedAt = performance.now();
    const metadata = {
      ...lease?.metadata,
      name,
      annotations: { ...lease?.metadata.annotations, [ADDRESS]: address },
    };
    try {
      this.#seen = await this.#put({ metadata, spec });
    } catch (error) {
      // Another was faster; the next round tells who.
      if (isStatus(error, 409)) return;
      throw error;
    }
    this.#seenAt = startedAt;
    this.#renewedAt = startedAt;
    this.#tell({ leading: true, holder: identity, address, term: spec.leaseTransitions });
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return await this.#client.ask<Lease>({ method: 'GET', path: this.#path(), signal: this.#deadline() });
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  #put(lease: Lease): Promise<Lease> {
    const fresh = lease.metadata.resourceVersion === undefined;
    return this.#client.ask<Lease>({
      method: fresh ? 'POST' : 'PUT',
      path: fresh ? this.#collection() : this.#path(),
      body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...lease },
      signal: AbortSignal.timeout(this.#durationMs / 3),
    });
  }

  /** A request that hangs must not outlive the lease. */
  #deadline(): AbortSignal {
    return AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(this.#durationMs / 3)]);
  }

  #collection(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.#options.namespace}/leases`;
  }

  #path(): string {
    return `${this.#collection()}/${this.#options.name}`;
  }

  #tell(next: Leadership): void {
    if (JSON.stringify(next) === JSON.stringify(this.#told)) return;
    this.#told = next;
    this.#onChange(next);
  }
}
