import type { TypeUrl } from '../core/delta/type-urls.ts';

/** What the server counts; every label has a handful of values, however many sidecars there are. */
export interface XdsMetrics {
  streamOpened(protocol: 'delta' | 'sotw' | 'lrs'): void;
  streamClosed(
    protocol: 'delta' | 'sotw' | 'lrs',
    reason: 'client' | 'refused' | 'stalled' | 'shutdown',
  ): void;
  /** An answer was written to a stream. */
  pushed(typeUrl: TypeUrl, bytes: number): void;
  acknowledged(typeUrl: TypeUrl, afterMs: number): void;
  rejected(typeUrl: TypeUrl): void;
  /** A publication was told together with an earlier one. */
  coalesced(): void;
  loadReport(): void;
}

/** Levels that are read when somebody asks. */
export interface XdsLevels {
  /** Subscriptions by type. */
  readonly subscriptions: ReadonlyMap<TypeUrl, number>;
  readonly resources: ReadonlyMap<TypeUrl, number>;
  /** Streams that have not acknowledged everything. */
  readonly laggards: number;
  /** How long the slowest of them has been behind, ms. */
  readonly slowestLagMs: number;
}
