import type { Acknowledgement, NodeIdentity, StreamFacts } from '../../core/delta/facts.ts';
import type { ResourceKey } from '../../core/delta/resource.ts';
import type { TypeUrl } from '../../core/delta/type-urls.ts';
import type { Peer } from '../../grpc/peer.ts';
import type { TlsCredentials } from '../../grpc/tls.ts';
import type { NodeRefused, WorkerFacts, XdsListener, XdsOptions } from '../contract.ts';
import type { XdsMetrics } from '../metrics.ts';
import type { XdsSettings } from '../settings.ts';
import type { WireChange } from './wire-change.ts';

// Between the process that decides and those that serve, over the channel that Node gives a forked process.

/** Whether some resources are acknowledged as of a publication, which the worker answers again when that changes. */
export interface Question {
  readonly id: number;
  readonly sequence: number;
  readonly keys: readonly ResourceKey[];
}

export type ToWorker =
  | {
      readonly type: 'start';
      readonly settings: XdsSettings;
      readonly tls: XdsOptions['tls'];
      /** Whether anybody wants the latencies that sidecars push. */
      readonly takesLatencies: boolean;
      /** Whether sidecars are given secrets by the identity that they prove. */
      readonly givesSecrets: boolean;
    }
  /** A connection comes with it. */
  | { readonly type: 'connection' }
  | { readonly type: 'publish'; readonly sequence: number; readonly change: WireChange }
  | { readonly type: 'placed'; readonly id: number; readonly view: string }
  | {
      readonly type: 'notServed';
      readonly id: number;
      readonly why: string;
      readonly code: NodeRefused['code'];
    }
  | { readonly type: 'ask'; readonly questions: readonly Question[] }
  | { readonly type: 'forget'; readonly ids: readonly number[] }
  | { readonly type: 'rotate'; readonly tls: TlsCredentials }
  /** All secrets of an identity that is followed. */
  | { readonly type: 'secrets'; readonly identity: string; readonly change: WireChange }
  | { readonly type: 'close' };

/** A method of T with its arguments. */
type CallOf<T> = {
  [K in keyof T]-?: NonNullable<T[K]> extends (...args: infer A) => void ? readonly [K, ...A] : never;
}[keyof T];

/** Something that a listener or the metrics are to be told, but for what comes often and is told in sums. */
export type ListenerCall = CallOf<Omit<XdsListener, 'acknowledged' | 'workerLost'>>;
export type MetricsCall = CallOf<Omit<XdsMetrics, 'acknowledged' | 'pushed'>>;

/** Acknowledgements of one type, a column each. */
export interface Acknowledged {
  readonly typeUrl: TypeUrl;
  readonly nodeIds: string[];
  readonly sequences: number[];
  readonly afterMs: number[];
}

/** What happened in a worker since it last told. */
export interface Happened {
  readonly listener: readonly ListenerCall[];
  readonly metrics: readonly MetricsCall[];
  readonly acknowledged: readonly Acknowledged[];
  readonly pushed: readonly (readonly [typeUrl: TypeUrl, bytes: number, answers: number])[];
}

/** How far a stream has followed; what stays the same is told once. */
export interface WorkerStream extends Pick<StreamFacts, 'converged' | 'lastAckAt' | 'lagMs' | 'types'> {
  readonly id: number;
  readonly opened?: Pick<StreamFacts, 'node' | 'view' | 'peer' | 'protocol' | 'connectedAt'>;
}

export interface WorkerStatus {
  /** Streams that are new or have gone on. */
  readonly streams: readonly WorkerStream[];
  readonly gone: readonly number[];
  readonly subscriptions: ReadonlyMap<TypeUrl, number>;
  readonly laggards: number;
  readonly slowestLagMs: number;
  readonly facts: Omit<WorkerFacts, 'pid' | 'connections'>;
}

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'place'; readonly id: number; readonly node: NodeIdentity; readonly peer: Peer }
  | { readonly type: 'happened'; readonly happened: Happened }
  | { readonly type: 'status'; readonly status: WorkerStatus }
  | {
      readonly type: 'answers';
      readonly answers: readonly { readonly id: number; readonly acknowledgement: Acknowledgement }[];
    }
  /** The secrets of an identity are wanted here, or not any more. */
  | { readonly type: 'follow' | 'unfollow'; readonly identity: string }
  /** A connection that it was given is closed. */
  | { readonly type: 'freed' };
