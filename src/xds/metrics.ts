import type { TypeUrl } from '../core/delta/type-urls.ts';

/** What the server counts; every label has a handful of values, however many sidecars there are. */
export interface XdsMetrics {
  streamOpened(protocol: 'delta' | 'sotw' | 'lrs' | 'metrics'): void;
  streamClosed(
    protocol: 'delta' | 'sotw' | 'lrs' | 'metrics',
    reason: 'client' | 'refused' | 'stalled' | 'shutdown' | 'workerLost',
  ): void;
  /** An answer was written to a stream, or so many of them. */
  pushed(typeUrl: TypeUrl, bytes: number, answers?: number): void;
  acknowledged(typeUrl: TypeUrl, afterMs: number): void;
  rejected(typeUrl: TypeUrl): void;
  /** A publication was told together with an earlier one. */
  coalesced(): void;
  loadReport(): void;
}
